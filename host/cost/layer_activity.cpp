// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_activity.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "host/core/error.hpp"

namespace acim {
namespace {

// Sum over the bits of a cycle, as its share of the largest drive; one image.
double cycle_sum(const LayerPlan& plan, int cycle, std::span<const std::uint64_t> bits,
                 double images) {
    const int low = plan.cycles.low_bit[cycle], width = plan.cycles.width[cycle];
    double sum = 0.0;
    for (int b = 0; b < width; ++b)
        sum += std::ldexp(static_cast<double>(bits[static_cast<std::size_t>(low + b)]), b);
    return sum / (std::ldexp(1.0, width) - 1.0) / images;
}

}  // namespace

LayerActivity counted_activity(const LayerWork& work, const LayerPlan& plan, bool is_signed,
                               const ActivityCounts& counts) {
    const auto bits = static_cast<std::size_t>(plan.activation_bits);
    ACIM_EXPECT(counts.images > 0 && counts.input_ones.size() == bits);
    ACIM_EXPECT(counts.both_ones.size() == static_cast<std::size_t>(plan.columns.count) * bits);
    const auto images = static_cast<double>(counts.images);
    const std::span<const std::uint64_t> both(counts.both_ones);
    LayerActivity activity;
    for (const ConversionPlan& c : plan.conversions) {
        if (!c.through_adc || plan.macro.kind == MacroKind::aidac) continue;
        const bool all = plan.macro.weight_parallel;  // every column takes part in one conversion
        const int first = all ? 0 : c.plane, last = all ? plan.columns.count - 1 : c.plane;
        for (int i = first; i <= last; ++i)
            activity.cells +=
                c.taken * cycle_sum(plan, c.cycle,
                                    both.subspan(static_cast<std::size_t>(i) * bits, bits), images);
    }
    for (int j = 0; j < plan.cycles.count; ++j)
        activity.lines += cycle_drives(plan, j) * cycle_sum(plan, j, counts.input_ones, images);
    const auto inputs = static_cast<double>(work.pixels * work.depth * work.groups);
    for (std::size_t b = 0; b < bits; ++b) {
        double ones = static_cast<double>(counts.input_ones[b]) / images;
        if (is_signed && b + 1 == bits) ones = inputs - ones;  // offset binary: x + 2^(bits-1)
        activity.input_ones += ones;
        activity.input_sum += std::ldexp(ones, static_cast<int>(b));
    }
    return activity;
}

LayerActivity assumed_activity(const LayerWork& work, const LayerPlan& plan, double weights,
                               double inputs) {
    const auto rows = static_cast<double>(work.pixels * work.depth * work.groups);
    LayerActivity activity;
    activity.cells = static_cast<double>(work.cell_operations) * weights * inputs;
    activity.lines = static_cast<double>(work.row_drives) * inputs;
    activity.input_ones = rows * plan.activation_bits * inputs;
    activity.input_sum = rows * (std::ldexp(1.0, plan.activation_bits) - 1.0) * inputs;
    return activity;
}

}  // namespace acim
