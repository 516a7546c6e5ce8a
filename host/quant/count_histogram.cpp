// SPDX-License-Identifier: Apache-2.0
#include "host/quant/count_histogram.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr int word_rows = 64;

std::size_t group_words(const LayerPlan& plan) {
    return static_cast<std::size_t>(std::min(plan.group_rows, plan.depth) + word_rows - 1) /
           word_rows;
}

// Index of the part that a conversion belongs to.
std::size_t part_of(const CountHistogram& histogram, const LayerPlan& plan,
                    const ConversionPlan& c) {
    const auto found = std::ranges::find_if(histogram.parts, [&](const auto& part) {
        return part.width == plan.cycles.width[c.cycle] && part.noisy == c.noisy;
    });
    return static_cast<std::size_t>(found - histogram.parts.begin());
}

// The ADC conversions of one cycle: the column of each and where its count goes.
struct CountedCycle {
    struct Column {
        std::size_t index;
        std::uint64_t* conversions;
    };
    int low_bit = 0, width = 1;
    std::vector<Column> columns;
};

// The inputs of one pixel and row group, bit by bit.
struct InputBits {
    std::array<std::vector<std::uint64_t>, max_activation_bits> words;
    std::array<std::int64_t, max_activation_bits> ones{};

    void set(const LayerPlan& plan, const std::int16_t* inputs, int length) {
        for (int b = 0; b < plan.activation_bits; ++b) {
            words[b].assign(group_words(plan), 0);
            for (int r = 0; r < length; ++r)
                words[b][static_cast<std::size_t>(r / word_rows)] |=
                    static_cast<std::uint64_t>(static_cast<std::uint16_t>(inputs[r]) >> b & 1)
                    << r % word_rows;
            ones[b] = 0;
            for (const std::uint64_t word : words[b]) ones[b] += std::popcount(word);
        }
    }
    // Sum of all values that the cycle drives.
    std::int64_t driven(const CountedCycle& cycle) const {
        std::int64_t sum = 0;
        for (int b = 0; b < cycle.width; ++b) sum += ones[cycle.low_bit + b] << b;
        return sum;
    }
};

// One cycle of one pixel and row group, all outputs. count = scale*s + offset of LayerPlan::count.
struct CycleJob {
    const std::uint64_t* weights;  // [outputs][columns][words]
    std::size_t outputs, columns, words;
    const InputBits* inputs;
    const CountedCycle* cycle;
    std::int64_t scale, offset;
};

[[gnu::always_inline]] inline void count_cycle(const CycleJob& job) {
    for (std::size_t m = 0; m < job.outputs; ++m) {
        for (const CountedCycle::Column& column : job.cycle->columns) {
            const std::uint64_t* w = job.weights + (m * job.columns + column.index) * job.words;
            std::int64_t s = 0;
            for (int b = 0; b < job.cycle->width; ++b) {
                const std::uint64_t* x = job.inputs->words[job.cycle->low_bit + b].data();
                std::int64_t ones = 0;
                for (std::size_t i = 0; i < job.words; ++i) ones += std::popcount(w[i] & x[i]);
                s += ones << b;
            }
            ++column.conversions[job.scale * s + job.offset];
        }
    }
}

void count_portable(const CycleJob& job) { count_cycle(job); }

#if defined(__x86_64__)
// The same with the processor's own instruction, which the baseline of x86-64 lacks.
[[gnu::target("popcnt")]] void count_with_popcnt(const CycleJob& job) { count_cycle(job); }
#endif

auto fastest_count() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) return count_with_popcnt;
#endif
    return count_portable;
}

std::vector<CountedCycle> counted_cycles(const LayerPlan& plan, CountHistogram& to) {
    std::vector<CountedCycle> cycles(static_cast<std::size_t>(plan.cycles.count));
    for (int j = 0; j < plan.cycles.count; ++j) {
        cycles[j].low_bit = plan.cycles.low_bit[j];
        cycles[j].width = plan.cycles.width[j];
    }
    for (const ConversionPlan& c : plan.conversions)
        if (c.through_adc)
            cycles[c.cycle].columns.push_back({static_cast<std::size_t>(c.plane),
                                               to.parts[part_of(to, plan, c)].conversions.data()});
    return cycles;
}

}  // namespace

CountHistogram::CountHistogram(const LayerPlan& plan) {
    for (const ConversionPlan& c : plan.conversions) {
        if (!c.through_adc || part_of(*this, plan, c) < parts.size()) continue;
        const int width = plan.cycles.width[c.cycle];
        const std::int64_t span = cycle_scale(plan.macro, plan.weight_bits, width).full_scale;
        parts.push_back(
            {width, c.noisy, span, std::vector<std::uint64_t>(static_cast<std::size_t>(span) + 1)});
    }
}

std::uint64_t CountHistogram::total() const {
    std::uint64_t sum = 0;
    for (const Part& part : parts)
        for (const std::uint64_t n : part.conversions) sum += n;
    return sum;
}

void CountHistogram::add(const CountHistogram& other) {
    ACIM_EXPECT(parts.size() == other.parts.size());
    for (std::size_t p = 0; p < parts.size(); ++p) {
        ACIM_EXPECT(parts[p].span == other.parts[p].span);
        for (std::size_t s = 0; s < parts[p].conversions.size(); ++s)
            parts[p].conversions[s] += other.parts[p].conversions[s];
    }
}

CountedWeights::CountedWeights(const LayerPlan& plan, int outputs,
                               std::span<const std::int8_t> weights)
    : outputs_(static_cast<std::size_t>(outputs)) {
    ACIM_EXPECT(plan.macro.kind == MacroKind::bit_sliced && !plan.macro.weight_parallel);
    const auto columns = static_cast<std::size_t>(plan.columns.count);
    const std::size_t words = group_words(plan);
    words_.assign(static_cast<std::size_t>(plan.groups) * outputs_ * columns * words, 0);
    for (std::size_t m = 0; m < outputs_; ++m) {
        for (int k = 0; k < plan.depth; ++k) {
            const auto group = static_cast<std::size_t>(k / plan.group_rows);
            const int row = k % plan.group_rows;
            const std::int8_t w = weights[m * static_cast<std::size_t>(plan.depth) + k];
            std::uint64_t* first = words_.data() + (group * outputs_ + m) * columns * words;
            for (std::size_t i = 0; i < columns; ++i)
                if (stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns,
                               static_cast<int>(i), w) != 0)
                    first[i * words + static_cast<std::size_t>(row / word_rows)] |=
                        std::uint64_t{1} << row % word_rows;
        }
    }
}

void CountedWeights::count(const LayerPlan& plan, int pixels, std::span<const std::int16_t> inputs,
                           CountHistogram& to) const {
    const auto run = fastest_count();
    const auto columns = static_cast<std::size_t>(plan.columns.count);
    const std::size_t words = group_words(plan);
    const std::vector<CountedCycle> cycles = counted_cycles(plan, to);
    InputBits bits;
    for (int p = 0; p < pixels; ++p) {
        for (int g = 0; g < plan.groups; ++g) {
            const int begin = g * plan.group_rows;
            bits.set(plan, inputs.data() + std::int64_t{p} * plan.depth + begin,
                     std::min(plan.group_rows, plan.depth - begin));
            for (int j = 0; j < plan.cycles.count; ++j) {
                const CountedCycle& cycle = cycles[static_cast<std::size_t>(j)];
                const std::int64_t driven = bits.driven(cycle);
                const std::int64_t offset = plan.count(j, 0, driven);
                if (driven == 0) {  // usual in upper cycles of real images
                    for (const CountedCycle::Column& c : cycle.columns)
                        c.conversions[offset] += outputs_;
                    continue;
                }
                run({words_.data() + static_cast<std::size_t>(g) * outputs_ * columns * words,
                     outputs_, columns, words, &bits, &cycle, plan.count(j, 1, driven) - offset,
                     offset});
            }
        }
    }
}

}  // namespace acim
