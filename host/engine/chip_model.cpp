// SPDX-License-Identifier: Apache-2.0
// The scalar model on the sums of the loops: codes of path chip that no lane decides.
#include "cuda/model/macro/vote.hpp"
#include "host/engine/chip_filter.hpp"

namespace acim {
namespace {

FreshPlace fresh_place(const SimdJob& job, const ChannelPlace& place) {
    return {place.element, place.group, job.place.image, job.place.layer};
}

// M as the model counts it: for xnor every cell of the column takes part with the value E.
std::int64_t whole_mismatch(const LayerPlan& plan, const ChipLayer::Column& column, int cycle,
                            std::int64_t mismatch) {
    if (plan.macro.weight_encoding != WeightEncoding::xnor) return mismatch;
    return mismatch + half_drive_mismatch(column.q_sum, plan.cycles.width[cycle]);
}

}  // namespace

std::int32_t chip_code_by_model(const SimdJob& job, const ChannelPlace& place, int k,
                                std::uint32_t vote, std::int64_t count, std::int64_t mismatch,
                                std::uint32_t top) {
    const LayerPlan& plan = *job.plan;
    const ConversionPlan& c = plan.conversions[k];
    const ChipLayer& chip = job.layer->chip->chip;
    const ChipLayer::Column& column =
        chip.column(static_cast<int>(place.group), place.output, c.plane);
    const ChannelSums sums{count, whole_mismatch(plan, column, c.cycle, mismatch), 0};
    const double v = channel_voltage(plan, column, c.cycle, sums, 0.0);
    const CycleLawView& law = job.layer->cycle_law[c.cycle];
    const AdcChannel& adc = chip.adc(column.adc);
    std::int64_t position = conversion_position(law, chip, column.adc, v, count);
    const double sigma = draw_sigma(law, count);
    if (sigma != 0.0)
        position =
            add_noise(position,
                      chip_refined_normal(*law.normal, top, job.place.key, fresh_place(job, place),
                                          static_cast<std::uint32_t>(k), vote),
                      sigma);
    return channel_code(law.scale, adc, position);
}

void sample_channels(const SimdJob& job, const ChannelPlace& place, const std::uint16_t* counts,
                     const std::int64_t* mismatch, std::uint16_t* codes) {
    const LayerPlan& plan = *job.plan;
    const ChipLayer& chip = job.layer->chip->chip;
    const FreshPlace fresh = fresh_place(job, place);
    std::int32_t votes[max_votes];
    double previous = 0.0;
    for (int k = 0; k < job.layer->conversions; ++k) {
        const ConversionPlan& c = plan.conversions[k];
        const ChipLayer::Column& column =
            chip.column(static_cast<int>(place.group), place.output, c.plane);
        const ChannelSums sums{counts[k], whole_mismatch(plan, column, c.cycle, mismatch[k]), 0};
        if (c.cycle == 0) previous = 0.0;
        previous = channel_voltage(plan, column, c.cycle, sums, previous);
        const CycleLawView& law = job.layer->cycle_law[c.cycle];
        const std::int64_t position =
            conversion_position(law, chip, column.adc, previous, counts[k]);
        for (int n = 0; n < c.votes; ++n)
            votes[n] = channel_conversion(plan.path, law, chip.adc(column.adc), position, counts[k],
                                          job.place.key, fresh, static_cast<std::uint32_t>(k),
                                          static_cast<std::uint32_t>(n));
        codes[k] = static_cast<std::uint16_t>(
            c.votes == 1 ? votes[0] : combine_votes(plan.macro.voting.combine, votes, c.votes));
    }
}

}  // namespace acim
