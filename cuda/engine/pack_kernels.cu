// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/pack_kernels.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/unfold.cuh"
#include "cuda/model/digital/quantise.hpp"

namespace acim {
namespace {

constexpr int threads = 256, lanes = 32;

__device__ __forceinline__ std::int64_t first_thread() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t all_threads() {
    return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

__global__ void quantise_values(const float* in, std::int16_t* out, std::int64_t n, float scale,
                                int low, int high) {
    for (std::int64_t i = first_thread(); i < n; i += all_threads())
        out[i] = static_cast<std::int16_t>(digital::quantise(in[i], scale, low, high));
}

// One warp a line: a pixel of a convolution group. Every lane takes four bytes at a time.
__global__ void unfold_bytes(UnfoldView unfold, const std::int16_t* quantised, std::int64_t pixels,
                             ByteLines out) {
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    const std::int64_t lines = pixels * unfold.conv_groups;
    for (std::int64_t i = first_thread() / lanes; i < lines; i += all_threads() / lanes) {
        const int group = static_cast<int>(i / pixels);
        const std::int64_t pixel = i % pixels;
        const std::int16_t* slot = quantised + pixel / unfold.pixels * unfold.elements;
        const int p = static_cast<int>(pixel % unfold.pixels);
        const std::int64_t line = (group * out.stride + pixel) * out.line;
        std::int32_t sum = 0;
        for (int r = lane * 4; r < out.line; r += lanes * 4) {
            std::uint32_t low = 0, high = 0;
            for (int b = 0; b < 4; ++b) {
                if (r + b >= unfold.depth) break;
                const std::int32_t x = unfolded(unfold, slot, group, p, r + b);
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
    for (std::int64_t i = first_thread(); i < n; i += all_threads()) {
        const std::int64_t pixel = i / unfold.depth;
        const std::int16_t* slot = quantised + pixel / unfold.pixels * unfold.elements;
        out[i] = static_cast<std::int16_t>(unfolded(unfold, slot, conv_group,
                                                    static_cast<int>(pixel % unfold.pixels),
                                                    static_cast<int>(i % unfold.depth)));
    }
}

// One warp a word: 32 rows of a pixel, every lane one of them; a vote of the warp is a word of a
// bit plane, which the lane of that bit writes.
__global__ void pack_bits(UnfoldView unfold, const std::int16_t* quantised,
                          const ConversionWork* works, std::uint32_t* out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionShape& shape = work.view->shape;
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    const int words = shape.words;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * shape.pixels;
    const std::int64_t n = pixels * shape.conv_groups * shape.groups * words;
    for (std::int64_t i = first_thread() / lanes; i < n; i += all_threads() / lanes) {
        const int word = static_cast<int>(i % words);
        const std::int64_t at = i / words;  // [convolution group][pixel][row group]
        const int rows = static_cast<int>(at % shape.groups);
        const std::int64_t pixel = at / shape.groups % pixels;
        const int group = static_cast<int>(at / shape.groups / pixels);
        const std::int16_t* slot =
            quantised + (work.segment.first_slot + pixel / shape.pixels) * unfold.elements;
        const int in_group = word * lanes + lane;
        const int row = rows * shape.group_rows + in_group;
        const bool inside = in_group < shape.group_rows && row < shape.depth;
        const std::int32_t x =
            inside ? unfolded(unfold, slot, group, static_cast<int>(pixel % shape.pixels), row) : 0;
        std::uint32_t own = 0;
        for (int b = 0; b < shape.bits; ++b) {
            const std::uint32_t vote = __ballot_sync(~0u, (x >> b & 1) != 0);
            if (lane == b) own = vote;
        }
        if (lane < shape.bits)
            out[work.first_word + (static_cast<std::uint64_t>(at) * shape.bits + lane) * words +
                word] = own;
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

void launch_pack_bits(const UnfoldView& unfold, const std::int16_t* quantised,
                      const ConversionWork* works, std::uint32_t count, std::int64_t most_words,
                      std::uint32_t* out, cudaStream_t stream) {
    launch("pack bits", pack_bits,
           {.blocks = blocks_for(most_words, threads / lanes, 4096), .blocks_y = count}, stream,
           unfold, quantised, works, out);
}

}  // namespace acim
