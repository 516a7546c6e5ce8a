// SPDX-License-Identifier: Apache-2.0
#include "host/quant/activity_counts.hpp"

#include <cstddef>

#include "host/core/error.hpp"

namespace acim {

ActivityCounts::ActivityCounts(const LayerPlan& plan)
    : both_ones(static_cast<std::size_t>(plan.columns.count * plan.activation_bits)),
      input_ones(static_cast<std::size_t>(plan.activation_bits)) {}

void ActivityCounts::add(const ActivityCounts& other) {
    ACIM_EXPECT(both_ones.size() == other.both_ones.size());
    ACIM_EXPECT(input_ones.size() == other.input_ones.size());
    images += other.images;
    for (std::size_t i = 0; i < both_ones.size(); ++i) both_ones[i] += other.both_ones[i];
    for (std::size_t i = 0; i < input_ones.size(); ++i) input_ones[i] += other.input_ones[i];
}

StoredOnes::StoredOnes(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights) {
    const auto depth = static_cast<std::size_t>(plan.depth);
    ones_.assign(static_cast<std::size_t>(plan.columns.count) * depth, 0);
    for (int m = 0; m < outputs; ++m)
        for (std::size_t k = 0; k < depth; ++k)
            for (int i = 0; i < plan.columns.count; ++i)
                ones_[static_cast<std::size_t>(i) * depth + k] += static_cast<std::uint32_t>(
                    stored_bit(plan.macro.weight_encoding, plan.weight_bits, plan.columns, i,
                               weights[static_cast<std::size_t>(m) * depth + k]));
}

void StoredOnes::count(const LayerPlan& plan, int pixels, std::span<const std::int16_t> inputs,
                       ActivityCounts& to) const {
    const auto depth = static_cast<std::size_t>(plan.depth);
    const auto bits = static_cast<std::size_t>(plan.activation_bits);
    std::vector<std::uint32_t> ones(bits * depth);  // [bit][row], over the pixels
    for (std::size_t p = 0; p < static_cast<std::size_t>(pixels); ++p)
        for (std::size_t b = 0; b < bits; ++b)
            for (std::size_t k = 0; k < depth; ++k)
                ones[b * depth + k] += static_cast<std::uint16_t>(inputs[p * depth + k]) >> b & 1U;
    for (std::size_t b = 0; b < bits; ++b) {
        const std::uint32_t* x = ones.data() + b * depth;
        for (std::size_t k = 0; k < depth; ++k) to.input_ones[b] += x[k];
        for (std::size_t i = 0; i < static_cast<std::size_t>(plan.columns.count); ++i) {
            const std::uint32_t* w = ones_.data() + i * depth;
            std::uint64_t sum = 0;
            for (std::size_t k = 0; k < depth; ++k) sum += std::uint64_t{w[k]} * x[k];
            to.both_ones[i * bits + b] += sum;
        }
    }
}

}  // namespace acim
