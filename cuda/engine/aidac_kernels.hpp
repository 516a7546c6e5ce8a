// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"
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
    bool ideal = false;      // codes follow from exact sums
    bool effective = false;  // operands count in 1/64: capacitors differ
    // Null where every slot has weights of its own.
    const std::int16_t* weights = nullptr;     // [output][depth], stored or effective
    const std::int64_t* correction = nullptr;  // [output]
    // What makes effective weights of those.
    const AidacRow* rows = nullptr;
    const AidacColumn* columns = nullptr;
    // Of AidacChip, null where empty.
    const std::int16_t* inputs = nullptr;
    const aidac::ConverterError* converters = nullptr;
    const double* reference = nullptr;
    const InverseNormalTable* normal = nullptr;
};

// Weights that every slot has of its own: the first slot's, and steps to the next one's.
struct AidacSlotWeights {
    std::int16_t* weights = nullptr;     // as AidacView
    std::int64_t* correction = nullptr;  // likewise
    std::int64_t weight_step = 0, correction_step = 0;
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
    AidacSlotWeights own;
};

// Makes them for one head from its bytes, `bytes` being its first line in the first slot.
void launch_aidac_weights(const AidacView& layer, const StoredView& stored,
                          const std::int8_t* bytes, std::int64_t slots, const AidacSlotWeights& own,
                          cudaStream_t stream);
void launch_aidac(const AidacView& layer, const AidacBatch& batch, cudaStream_t stream);

}  // namespace acim
