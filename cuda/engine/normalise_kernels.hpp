// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/trial/network.hpp"

// Operators over lines of values, for all slots of a batch: as cuda/trial/digital_operators. Sums
// are integers, so that lanes may add them in any order.
namespace acim {

// `n` counts the values of all slots.
void launch_softmax(const Softmax& op, const float* in, float* out, std::int64_t n,
                    cudaStream_t stream);

// A LayerNorm with its parameters in device memory.
struct NormView {
    const float* scale = nullptr;  // [length]
    const float* shift = nullptr;  // [length]
    int length = 1;
    bool is_centred = true;
    float epsilon = 1e-5F;
};
void launch_layer_norm(const NormView& op, const float* in, float* out, std::int64_t n,
                       cudaStream_t stream);

}  // namespace acim
