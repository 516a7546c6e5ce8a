// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"

// From float tensors to what the products read.
namespace acim {

// Quantises n values: q = clamp(rne(x / scale), low, high).
void launch_quantise(const float* in, std::int16_t* out, std::int64_t n, float scale, int low,
                     int high, cudaStream_t stream);

// Signed bytes of unfolded inputs, x = byte[0] + offset + 128*byte[1], lines of `line` bytes, a
// multiple of 32, padded with zeros: [convolution groups][stride][line].
struct ByteLines {
    std::int8_t* low = nullptr;
    std::int8_t* high = nullptr;   // only where inputs have nine bits
    std::int32_t* sums = nullptr;  // [convolution groups][stride] sum of the inputs
    int line = 0;
    int offset = 0;  // 128 for unsigned inputs of eight bits
    std::int64_t stride = 0;
};
void launch_unfold_bytes(const UnfoldView& unfold, const std::int16_t* quantised,
                         std::uint32_t slots, const ByteLines& out, cudaStream_t stream);

// The inputs themselves, [slots*pixels][depth], of one convolution group.
void launch_unfold_values(const UnfoldView& unfold, const std::int16_t* quantised,
                          std::uint32_t first_slot, std::uint32_t slots, int conv_group,
                          std::int16_t* out, cudaStream_t stream);

// The largest of the works for which bits are packed.
struct PackedLines {
    std::int64_t lines = 0;  // row groups of all pixels
    int words = 0;           // 32-row words of a row group's plane
};

// Bit planes of unfolded inputs, from their bytes, for every work, at work.first_word of `out`:
// [convolution groups][pixels of the segment][row groups][bits][words].
void launch_pack_bits(const ByteLines& lines, const ConversionWork* works, std::uint32_t count,
                      const PackedLines& most, std::uint32_t* out, cudaStream_t stream);

}  // namespace acim
