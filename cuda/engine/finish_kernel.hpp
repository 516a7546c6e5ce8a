// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"
#include "cuda/trial/work.hpp"

// From the integers of a product to its output tensor and the sums of its layer.
namespace acim {

// LayerSums as atomics can add it: 128-bit sums in four limbs of 32 bits, each summed in 64, the
// highest signed.
struct LimbSums {
    static constexpr int sums = 5, limbs = 4;
    unsigned long long limb[sums][limbs];  // y, e, ee, yy, ye

    // What was added, without outputs and conversions.
    LayerSums sums_of() const {
        LayerSums out;
        WideSum* const to[sums] = {&out.y, &out.e, &out.ee, &out.yy, &out.ye};
        for (int i = 0; i < sums; ++i) {
            for (int k = 0; k < limbs; ++k) {
                const unsigned long long value = limb[i][k];
                const int shift = 32 * k;
                // The highest limb is signed; the others carry into what stands above them.
                WideSum part;
                if (k < 2) {
                    part.low = value << shift;
                    part.high = shift == 0 ? 0 : static_cast<std::int64_t>(value >> 32);
                } else {
                    part.high = static_cast<std::int64_t>(value << (shift - 64));
                }
                to[i]->add(part);
            }
        }
        return out;
    }
};

// What all segments share.
struct FinishLayer {
    ProductBuffers sums;
    const std::int32_t* low = nullptr;         // [convolution groups][rows of the product][stride]
    const std::int32_t* high = nullptr;        // of the upper bytes, or null
    const std::int32_t* input_sums = nullptr;  // [convolution groups][stride]
    const std::int64_t* offset_product = nullptr;  // [convolution groups*M] offset * sum of weights
    std::int64_t offset_stride = 0;                // of slots, where each has weights of its own
    const float* weight_scale = nullptr;           // [convolution groups*M]
    const float* bias = nullptr;
    float input_scale = 1.0F;
    float* out = nullptr;       // tensors of the slots
    std::int64_t elements = 0;  // of one
    int product_rows = 0;       // rows of one convolution group in `low`, padded
    int outputs = 0, pixels = 0, conv_groups = 1;
    std::int64_t group_first = 0, output_stride = 1, pixel_stride = 0;  // as ConversionShape
};

// How one segment's design point reads the integers.
struct FinishWork {
    OutputScale scale;
    std::int64_t input_correction = 0;
    Segment segment;
    LimbSums* sums = nullptr;      // null: the layer is digital
    std::uint8_t converted = 0;    // A counts; else y is the exact product
    std::uint8_t digital = 0;      // D counts
    std::uint8_t errors_only = 0;  // A is the errors of codes; the exact product is D
};

void launch_finish(const FinishLayer& layer, const FinishWork* works, std::uint32_t count,
                   std::uint32_t most_slots, cudaStream_t stream);

}  // namespace acim
