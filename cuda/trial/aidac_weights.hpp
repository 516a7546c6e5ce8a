// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/model/aidac/tdc_noise.hpp"
#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/trial/aidac_chip.hpp"
#include "cuda/trial/aidac_layer.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {

// Everything of a product on AiDAC macros that its images share.
struct AidacWeights : PackedWeights {
    AidacLayout layout;
    AidacOperands operands;
    aidac::Terms terms;
    AdcScale tdc;
    aidac::TdcNoise noise;
    bool ideal = false;                    // codes follow from exact sums
    std::vector<std::int16_t> stored;      // 0 .. 255, [output][depth]
    std::vector<std::int64_t> correction;  // [output]: ox*sum w + ox*ow*K
    AidacChip chip;
};

// As ProductKernel::pack(): weights are [outputs][depth]; without any, what does not need them.
AidacWeights make_aidac_weights(const LayerPlan& plan, int outputs,
                                std::span<const std::int8_t> weights, const ProductSite& site);

}  // namespace acim
