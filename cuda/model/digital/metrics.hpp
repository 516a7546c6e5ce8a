// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/digital/softmax.hpp"
#include "cuda/model/host_device.hpp"

// What an image and an output contribute to a trial's result: integers only (SPEC section 9).
namespace acim::digital {

// Index of the largest logit, the lowest index on ties; NaN never wins (all NaN: index 0).
ACIM_HD inline int top1(const float* logits, int classes) {
    int best = 0;
    for (int i = 1; i < classes; ++i)
        if (logits[i] > logits[best] || (logits[best] != logits[best] && logits[i] == logits[i]))
            best = i;
    return best;
}

// -ln softmax in steps of 2^-32 nat of the class with logit `chosen`, where `peak` is the logit of
// top1(): fixed-order arithmetic, the sum of exponentials is taken in steps of 2^-40. At most 2^41
// steps (512 nat).
ACIM_HD inline std::int64_t cross_entropy_steps(const float* logits, int classes, float peak,
                                                float chosen) {
    constexpr double two_to_32 = 4294967296.0;
    std::int64_t total = 0;
    for (int i = 0; i < classes; ++i) total += softmax_term(logits[i], peak);
    const double below = static_cast<double>(peak) - static_cast<double>(chosen);
    const double loss = natural_log(static_cast<double>(total) / softmax_steps) + below;
    if (!(loss < 512.0)) return std::int64_t{512} << 32;
    return static_cast<std::int64_t>(nearest_even(loss * two_to_32));
}

// An output and its error in integer-product units.
struct OutputSteps {
    std::int64_t ideal, error;  // [2^-8]
};

// `exact` is the product, `y` what the layer computed; errors beyond 2^42 are held there.
ACIM_HD inline OutputSteps output_steps(std::int64_t exact, double y) {
    constexpr double limit = 4398046511104.0;  // 2^42: 2^50 in steps; no layer comes near
    const double held = y < -limit ? -limit : limit < y ? limit : y;
    const std::int64_t ideal = exact * 256;
    return {ideal, static_cast<std::int64_t>(nearest_even(held * 256.0)) - ideal};
}

}  // namespace acim::digital
