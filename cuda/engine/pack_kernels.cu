// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/pack_kernels.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/engine/unfold.cuh"
#include "cuda/model/digital/quantise.hpp"

namespace acim {
namespace {

constexpr int threads = 256, lanes = 32;

__global__ void quantise_values(const float* in, std::int16_t* out, std::int64_t n, float scale,
                                int low, int high) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = static_cast<std::int16_t>(digital::quantise(in[i], scale, low, high));
}

// One warp a line: a pixel of a convolution group. Every lane takes four bytes at a time.
__global__ void unfold_bytes(UnfoldView unfold, const std::int16_t* quantised, std::int64_t pixels,
                             ByteLines out) {
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    const std::int64_t lines = pixels * unfold.conv_groups;
    for (std::int64_t i = thread_index() / lanes; i < lines; i += thread_count() / lanes) {
        const Quotient channel(i, unfold.conv_groups);  // convolution groups of a pixel in turn
        const int group = channel.remainder;
        const std::int64_t pixel = channel.quotient;
        const Quotient at(pixel, unfold.pixels);
        const std::int16_t* slot = quantised + at.quotient * unfold.elements;
        const UnfoldedPixel window(unfold, slot, group, at.remainder);
        const std::int64_t line = (group * out.stride + pixel) * out.line;
        std::int32_t sum = 0;
        for (int r = lane * 4; r < out.line; r += lanes * 4) {
            std::uint32_t low = 0, high = 0;
            for (int b = 0; b < 4; ++b) {
                if (r + b >= unfold.depth) break;
                const std::int32_t x = window.at(r + b);
                sum += x;
                const std::int32_t part = out.high == nullptr ? x - out.offset : x & 127;
                low |= (static_cast<std::uint32_t>(part) & 0xFFu) << (8 * b);
                high |= (static_cast<std::uint32_t>(x >> 7) & 0xFFu) << (8 * b);
            }
            *reinterpret_cast<std::uint32_t*>(out.low + line + r) = low;
            if (out.high != nullptr) *reinterpret_cast<std::uint32_t*>(out.high + line + r) = high;
        }
        for (int step = lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
        if (lane == 0) out.sums[group * out.stride + pixel] = sum;
    }
}

__global__ void unfold_values(UnfoldView unfold, const std::int16_t* quantised, std::int64_t n,
                              int conv_group, std::int16_t* out) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const Quotient row(i, unfold.depth), at(row.quotient, unfold.pixels);
        const std::int16_t* slot = quantised + at.quotient * unfold.elements;
        const UnfoldedPixel window(unfold, slot, conv_group, at.remainder);
        out[i] = static_cast<std::int16_t>(window.at(row.remainder));
    }
}

// The input whose bytes stand at `at`.
__device__ __forceinline__ std::uint32_t unfolded_bits(const ByteLines& lines, std::int64_t at) {
    if (lines.high == nullptr) return static_cast<std::uint32_t>(lines.low[at] + lines.offset);
    return static_cast<std::uint32_t>(lines.low[at] + 128 * lines.high[at]);
}

// One warp a row group of a pixel, 32 rows at a time, every lane one of them; a vote of the warp is a
// word of a bit plane, which the lane of that bit writes.
__global__ void pack_bits(ByteLines lines, const ConversionWork* works, std::uint32_t* out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionShape shape = work.view->shape;
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * shape.pixels;
    const std::int64_t first_pixel =
        static_cast<std::int64_t>(work.segment.first_slot) * shape.pixels;
    const std::int64_t n = pixels * shape.conv_groups * shape.groups;
    for (std::int64_t i = thread_index() / lanes; i < n; i += thread_count() / lanes) {
        const Quotient rows(i, shape.groups), channel(rows.quotient, shape.conv_groups);
        const int first = rows.remainder * shape.group_rows;
        const int used = min(shape.group_rows, shape.depth - first);
        const std::int64_t bytes =
            (channel.remainder * lines.stride + first_pixel + channel.quotient) * lines.line +
            first;
        const std::int64_t line = (channel.remainder * pixels + channel.quotient) * shape.groups +
                                  rows.remainder;  // [convolution group][pixel][row group]
        std::uint32_t* to = out + work.first_word +
                            static_cast<std::uint64_t>(line) * shape.bits * shape.words +
                            lane * shape.words;
        for (int word = 0; word < shape.words; ++word) {
            const int row = word * lanes + lane;
            const std::uint32_t x = row < used ? unfolded_bits(lines, bytes + row) : 0;
            std::uint32_t own = 0;
#pragma unroll
            for (int b = 0; b < max_activation_bits; ++b) {
                const std::uint32_t vote = __ballot_sync(~0u, (x >> b & 1u) != 0);
                own = lane == b ? vote : own;
            }
            if (lane < shape.bits) to[word] = own;
        }
    }
}

}  // namespace

void launch_quantise(const float* in, std::int16_t* out, std::int64_t n, float scale, int low,
                     int high, cudaStream_t stream) {
    launch("quantise", quantise_values, {.blocks = blocks_for(n, threads)}, stream, in, out, n,
           scale, low, high);
}

void launch_unfold_bytes(const UnfoldView& unfold, const std::int16_t* quantised,
                         std::uint32_t slots, const ByteLines& out, cudaStream_t stream) {
    const std::int64_t pixels = static_cast<std::int64_t>(slots) * unfold.pixels;
    launch("unfold bytes", unfold_bytes,
           {.blocks = blocks_for(pixels * unfold.conv_groups, threads / lanes)}, stream, unfold,
           quantised, pixels, out);
}

void launch_unfold_values(const UnfoldView& unfold, const std::int16_t* quantised,
                          std::uint32_t first_slot, std::uint32_t slots, int conv_group,
                          std::int16_t* out, cudaStream_t stream) {
    const std::int64_t n = static_cast<std::int64_t>(slots) * unfold.pixels * unfold.depth;
    launch("unfold values", unfold_values, {.blocks = blocks_for(n, threads)}, stream, unfold,
           quantised + first_slot * unfold.elements, n, conv_group, out);
}

void launch_pack_bits(const ByteLines& lines, const ConversionWork* works, std::uint32_t count,
                      std::int64_t most_lines, std::uint32_t* out, cudaStream_t stream) {
    launch("pack bits", pack_bits,
           {.blocks = blocks_for(most_lines, threads / lanes, 4096), .blocks_y = count}, stream,
           lines, works, out);
}

}  // namespace acim
