// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"

// The stored operand of a product of two computed tensors: weights of every slot.
namespace acim {

// Signed bytes of the operand in all slots, [slots][heads][rows][line] with zeros where lines and rows
// are padded, and what `byte_offset` makes of their sums, [slots][heads*M]: offset * sum of weights.
struct StoredBytes {
    std::int8_t* bytes = nullptr;
    std::int64_t* offset_product = nullptr;
};
void launch_store_bytes(const StoredView& stored, const float* tensor, std::uint32_t slots,
                        const StoredBytes& out, cudaStream_t stream);

// Bits of the weights of works of one slot each, from their bytes to where every work has them, which
// is in `out`: in the order of fragments or that of the general kernel.
void launch_store_bits(const StoredView& stored, const std::int8_t* bytes,
                       const ConversionWork* works, std::uint32_t count, std::int64_t most_words,
                       bool fragments, std::uint32_t* out, cudaStream_t stream);

}  // namespace acim
