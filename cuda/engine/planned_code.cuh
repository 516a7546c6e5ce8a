// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/macro/vote.hpp"

namespace acim {

// The code of a conversion through an ADC as its plan says: rounded without noise, or combined of all
// its votes. `count` is what the law goes by, draw(vote) the noisy code.
template <class Draw>
__device__ __forceinline__ std::int64_t planned_code(const ConversionView& v,
                                                     const ConversionPlan& c, std::int64_t count,
                                                     Draw draw) {
    if (!c.noisy) return v.rounding[c.cycle][count];
    if (c.votes == 1) return draw(0u);
    std::int32_t votes[max_votes] = {};
    for (int n = 0; n < c.votes; ++n) votes[n] = draw(static_cast<std::uint32_t>(n));
    return combine_votes(v.combine, votes, c.votes);
}

}  // namespace acim
