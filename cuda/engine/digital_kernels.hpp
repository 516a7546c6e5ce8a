// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/trial/network.hpp"

// The operators between products for all slots of a batch: as cuda/trial/digital_operators, with
// tensors [slots][elements] in device memory. Inputs and outputs do not overlap; n counts elements
// of all slots.
namespace acim {

void launch_relu(const float* in, float* out, std::int64_t n, cudaStream_t stream);
void launch_clip(const float* in, float* out, std::int64_t n, float low, float high,
                 cudaStream_t stream);
// b has as many elements in a slot as a, or one.
void launch_add(const float* a, const float* b, float* out, std::int64_t slots,
                std::int64_t elements, std::int64_t b_elements, cudaStream_t stream);
// scale, shift: [channels] in device memory; a channel is a block of `block` elements.
void launch_affine(const float* in, const float* scale, const float* shift, float* out,
                   std::int64_t slots, int channels, std::int64_t block, cudaStream_t stream);
void launch_max_pool(const PoolGeometry& pool, const float* in, float* out, std::int64_t slots,
                     cudaStream_t stream);
// The tensors of `op` do not matter.
void launch_average_pool(const AveragePool& op, const float* in, float* out, std::int64_t slots,
                         cudaStream_t stream);

}  // namespace acim
