// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/segment.hpp"
#include "cuda/model/aidac/tdc_noise.hpp"
#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/aidac/time.hpp"
#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/trial/aidac_chip.hpp"
#include "cuda/trial/aidac_layer.hpp"
#include "cuda/trial/product_kernel.hpp"

// The product on AiDAC macros, plan.macro.kind == aidac: the integers of make_aidac_kernel().
namespace acim {

// AidacWeights as the kernel sees them; pointers are to device memory.
struct AidacView {
    AidacLayout layout;
    AidacOperands operands;
    aidac::Terms terms;
    AdcScale tdc;
    aidac::TdcNoise noise;
    int activation_bits = 8;
    bool ideal = false;                        // codes follow from exact sums
    bool effective = false;                    // operands count in 1/64: capacitors differ
    const std::int16_t* weights = nullptr;     // [output][depth], stored or effective
    const std::int64_t* correction = nullptr;  // [output]
    // Of AidacChip, null where empty.
    const std::int16_t* inputs = nullptr;
    const aidac::ConverterError* converters = nullptr;
    const double* reference = nullptr;
    const InverseNormalTable* normal = nullptr;
};

// One convolution group of one segment. A pixel is slot*pixels_per_image + p.
struct AidacBatch {
    PhiloxKey key{};              // of the trial
    const Slot* slots = nullptr;  // of the segment
    OutputMap map;                // of (m, p)
    std::uint32_t layer = 0;      // position among all MAC layers
    int pixels_per_image = 1;
    std::int64_t pixels = 0;               // of all slots of the segment
    const std::int16_t* inputs = nullptr;  // [pixels][depth], sign-extended
    std::int64_t* analog = nullptr;        // A, [outputs][stride]
    std::int64_t* digital = nullptr;       // D, [outputs][stride]
    std::int64_t stride = 0;
};

void launch_aidac(const AidacView& layer, const AidacBatch& batch, cudaStream_t stream);

}  // namespace acim
