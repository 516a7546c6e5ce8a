// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/trial/layer_plan.hpp"

namespace acim {

// Most rows of one conversion: a sum of 8-bit products stays within int32.
inline constexpr int max_aidac_rows = 32768;

// Fills the plan of an analog layer on an AiDAC macro: one conversion per output and span of
// blocks*block_rows rows, k = 0. Throws std::invalid_argument with a sentence about the setting
// that does not fit.
void plan_aidac(LayerPlan& plan, const LayerSettings& settings, const LayerShape& shape);

// Operands are offset binary and left-aligned in 8 bits, and what that adds is taken off digitally:
//   sum x*w = (sum x_u*w_u >> shift) - ow*sum x - ox*sum w - ox*ow*K
struct AidacOperands {
    int input_offset = 0;   // ox: 2^(X-1) for signed activations
    int weight_offset = 0;  // ow: 2^(W-1); a one-bit weight has none
    int shift = 0;          // 16 - X - W

    // D of an output: `correction` is ox*sum w + ox*ow*K.
    ACIM_HD std::int64_t digital(std::int64_t input_sum, std::int64_t correction) const {
        return -(weight_offset * input_sum + correction);
    }
};
AidacOperands aidac_operands(const LayerPlan& plan);

// Sigma of a conversion's one fresh draw, and of the draw that a raw reference column adds to all
// outputs that share it [LSB of the TDC].
double aidac_noise(const MacroParams& macro);
double aidac_reference_noise(const MacroParams& macro);

}  // namespace acim
