// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/trial/network.hpp"

// Operators that move values, and functions of one or two of them, for all slots of a batch: as
// cuda/trial/digital_operators. Outputs are [slots][elements]; n counts elements of all slots.
namespace acim {

// An operand of every slot: slot s begins at data + s*stride. Constants have stride 0, one copy for
// all slots.
struct SlotValues {
    const float* data = nullptr;
    std::int64_t stride = 0;
};

// A tensor of `elements` values in every slot that is the same in all.
void launch_constant(const float* values, float* out, std::int64_t slots, std::int64_t elements,
                     cudaStream_t stream);
void launch_function(const Function& op, const float* in, float* out, std::int64_t n,
                     cudaStream_t stream);
void launch_binary(const Binary& op, SlotValues a, SlotValues b, float* out, std::int64_t slots,
                   std::int64_t elements, cudaStream_t stream);
void launch_rearrange(const Rearrange& op, SlotValues in, float* out, std::int64_t slots,
                      std::int64_t elements, cudaStream_t stream);

// One input of a Concat: `outer` blocks of `block` values, which stand at `first` in the output's
// blocks of `out_block`.
struct ConcatPart {
    std::int64_t block = 0, first = 0, out_block = 0;
    int outer = 1;
};
void launch_concat(const ConcatPart& part, SlotValues in, float* out, std::int64_t slots,
                   cudaStream_t stream);

// table: [rows][width] in device memory; n counts the inputs.
void launch_embedding(const float* in, const float* table, int rows, int width, float* out,
                      std::int64_t n, cudaStream_t stream);
void launch_requantise(const Quantisation& q, const float* in, float* out, std::int64_t n,
                       cudaStream_t stream);

}  // namespace acim
