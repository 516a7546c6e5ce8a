// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/host_device.hpp"

// Softmax over a line of values, and its logarithm: exponentials below the peak are summed in steps
// of 2^-40, so that the sum does not depend on its order. Lines of up to 2^22 values cannot overflow.
// A masked value (-infinity) has probability 0; a line of nothing else, or NaN, gives zeros.
namespace acim::digital {

inline constexpr double softmax_steps = 1099511627776.0;  // 2^40

// What the search for the peak starts with: below every finite value.
inline constexpr float softmax_start = -3.402823466e38F;

ACIM_HD inline float softmax_peak(float peak, float x) { return x > peak ? x : peak; }

// exp(x - peak) in steps of 2^-40; 0 for NaN and for infinities.
ACIM_HD inline std::int64_t softmax_term(float x, float peak) {
    const double below = static_cast<double>(peak) - static_cast<double>(x);
    if (!(below >= 0.0)) return 0;
    return static_cast<std::int64_t>(nearest_even(exp_minus(below) * softmax_steps));
}

// A probability from its term and the sum of all terms.
ACIM_HD inline float softmax_value(std::int64_t term, std::int64_t total) {
    if (total <= 0) return 0.0F;
    return static_cast<float>(static_cast<double>(term) / static_cast<double>(total));
}

// Its logarithm, which needs no term: probabilities below 2^-40 keep their distance from the peak.
ACIM_HD inline float log_softmax_value(float x, float peak, std::int64_t total) {
    if (total <= 0) return 0.0F;
    const double above = static_cast<double>(x) - static_cast<double>(peak);
    return static_cast<float>(above - natural_log(static_cast<double>(total) / softmax_steps));
}

}  // namespace acim::digital
