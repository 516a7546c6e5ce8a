// SPDX-License-Identifier: Apache-2.0
// The scalar model behind the vector loops: outcomes that no lane decides.
#include <bit>

#include "cuda/model/macro/vote.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "host/engine/simd_job.hpp"

namespace acim {
namespace {

FreshPlace fresh_place(const SimdJob& job, std::uint32_t element, std::uint32_t group) {
    return {element, group, job.place.image, job.place.layer};
}

// What the ADC of a column sees: the count of conversion c at one output, pixel and row group.
std::int64_t block_count(const SimdJob& job, int m, int pixel, int group, const ConversionPlan& c) {
    const SimdLayer& layer = *job.layer;
    const LayerPlan& plan = *job.plan;
    const std::size_t column =
        (static_cast<std::size_t>(group) * layer.blocks + m / block_outputs) * layer.columns +
        c.plane;
    const LaneWords* w = layer.weights.data() + column * layer.words;
    const std::uint64_t* x =
        job.inputs + ((static_cast<std::size_t>(pixel) * layer.groups + group) * layer.bits +
                      plan.cycles.low_bit[c.cycle]) *
                         layer.words;
    std::int64_t sum = 0, driven = 0;
    for (int b = 0; b < plan.cycles.width[c.cycle]; ++b, x += layer.words) {
        for (int i = 0; i < layer.group_words[group]; ++i) {
            sum += std::int64_t{std::popcount(w[i].lane[m % block_outputs] & x[i])} << b;
            driven += std::int64_t{std::popcount(x[i])} << b;
        }
    }
    return plan.count(c.cycle, sum, driven);
}

}  // namespace

void add_block_events(const SimdJob& job, int m, int pixel, int group, std::uint32_t top) {
    const LayerPlan& plan = *job.plan;
    std::int64_t errors = 0;
    visit_events(plan.events->view(), top, job.place.key,
                 fresh_place(job, job.map.element(m, pixel), static_cast<std::uint32_t>(group)),
                 [&](std::int32_t k, std::int32_t error) {
                     const ConversionPlan& c = plan.conversions[static_cast<std::size_t>(k)];
                     const AdcScale& scale = plan.law[c.cycle]->scale();
                     const std::int64_t count = block_count(job, m, pixel, group, c);
                     errors +=
                         c.weight * (event_code(scale, count, error) - ideal_code(scale, count));
                 });
    job.sums.analog[static_cast<std::size_t>(m) * job.pixels + pixel] += errors;
}

std::int32_t escape_by_model(const SimdJob& job, std::uint32_t element, std::uint32_t group, int k,
                             std::uint32_t vote, std::int64_t s, std::uint32_t u,
                             std::int32_t code) {
    const CycleLawView& law = job.layer->cycle_law[k % job.layer->cycles];
    if (u >= law.table.escape[s]) return code;
    return escape_code(law, s, job.place.key, fresh_place(job, element, group),
                       static_cast<std::uint32_t>(k), vote);
}

void sample_fixed(const SimdJob& job, std::uint32_t element, std::uint32_t group,
                  const std::uint16_t* counts, std::uint16_t* codes) {
    const FreshPlace place = fresh_place(job, element, group);
    std::int32_t votes[max_votes];
    for (int k = 0; k < job.layer->conversions; ++k) {
        const CycleLawView& law = job.layer->cycle_law[k % job.layer->cycles];
        const int taken = job.plan->conversions[k].votes;
        for (int n = 0; n < taken; ++n)
            votes[n] = fixed_code(law, counts[k], job.place.key, place,
                                  static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(n));
        if (taken > 1) votes[0] = combine_votes(job.plan->macro.voting.combine, votes, taken);
        codes[k] = static_cast<std::uint16_t>(votes[0]);
    }
}

}  // namespace acim
