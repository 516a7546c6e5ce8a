// SPDX-License-Identifier: Apache-2.0
// The scalar model behind the vector loops: outcomes that no lane decides.
#include "cuda/model/macro/vote.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "host/engine/simd_job.hpp"

namespace acim {
namespace {

FreshPlace fresh_place(const SimdJob& job, std::uint32_t element, std::uint32_t group) {
    return {element, group, job.place.image, job.place.layer};
}

}  // namespace

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
