// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/pack_kernels.hpp"

#include "cuda/engine/bit_transpose.cuh"
#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/engine/unfold.cuh"
#include "cuda/model/digital/quantise.hpp"

namespace acim {
namespace {

constexpr int threads = 256, lanes = 32, word_rows = 32;

__global__ void quantise_values(const float* in, std::int16_t* out, std::int64_t n, float scale,
                                int low, int high) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = static_cast<std::int16_t>(digital::quantise(in[i], scale, low, high));
}

// The lowest bytes of four integers, and theirs after seven bits.
__device__ __forceinline__ std::uint32_t four_bytes(const std::int32_t (&x)[4]) {
    const auto word = [&](int i) { return static_cast<std::uint32_t>(x[i]); };
    return __byte_perm(__byte_perm(word(0), word(1), 0x0040), __byte_perm(word(2), word(3), 0x0040),
                       0x5410);
}
__device__ __forceinline__ std::uint32_t four_upper_bytes(const std::int32_t (&x)[4]) {
    const std::int32_t upper[4] = {x[0] >> 7, x[1] >> 7, x[2] >> 7, x[3] >> 7};
    return four_bytes(upper);
}

// A lane's share of a line, four rows at a time; the sum of its inputs.
template <UnfoldedRows rows>
__device__ __forceinline__ std::int32_t unfold_line(const UnfoldedPixel& window, int depth,
                                                    const ByteLines& out, std::int64_t line,
                                                    int lane) {
    std::int32_t sum = 0;
    for (int r = lane * 4; r < out.line; r += lanes * 4) {
        std::int32_t x[4] = {};
        std::uint32_t used = 0xFFFFFFFFu;  // bytes of rows that exist
        if (r + 4 <= depth) {
#pragma unroll
            for (int b = 0; b < 4; ++b) x[b] = window.template at<rows>(r + b);
        } else {
            used = 0;
#pragma unroll
            for (int b = 0; b < 4; ++b) {
                if (r + b >= depth) continue;
                x[b] = window.template at<rows>(r + b);
                used |= 0xFFu << (8 * b);
            }
        }
        sum += x[0] + x[1] + (x[2] + x[3]);
        std::uint32_t low = four_bytes(x);
        if (out.high != nullptr) {
            low &= 0x7F7F7F7Fu;
            *reinterpret_cast<std::uint32_t*>(out.high + line + r) = four_upper_bytes(x);
        } else if (out.offset != 0) {
            low ^= 0x80808080u & used;  // less 128
        }
        *reinterpret_cast<std::uint32_t*>(out.low + line + r) = low;
    }
    return sum;
}

// One warp a line: a pixel of a convolution group.
__global__ void unfold_bytes(UnfoldView unfold, const std::int16_t* quantised, std::int64_t pixels,
                             ByteLines out) {
    const int lane = lane_index();
    const std::int64_t lines = pixels * unfold.conv_groups;
    for (std::int64_t i = thread_index() / lanes; i < lines; i += thread_count() / lanes) {
        const Quotient channel(i, unfold.conv_groups);  // convolution groups of a pixel in turn
        const int group = channel.remainder;
        const std::int64_t pixel = channel.quotient;
        const Quotient at(pixel, unfold.pixels);
        const std::int16_t* slot = quantised + at.quotient * unfold.elements;
        const UnfoldedPixel window(unfold, slot, group, at.remainder);
        const std::int64_t line = (group * out.stride + pixel) * out.line;
        using Rows = UnfoldedRows;
        const Rows rows = window.rows();  // the same for all lanes
        std::int32_t sum = rows == Rows::line
                               ? unfold_line<Rows::line>(window, unfold.depth, out, line, lane)
                           : rows == Rows::window
                               ? unfold_line<Rows::window>(window, unfold.depth, out, line, lane)
                               : unfold_line<Rows::border>(window, unfold.depth, out, line, lane);
        __syncwarp();
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

// The bytes of rows `row`, row+8, row+16 and row+24 of a line; 0 from row `used` on.
__device__ __forceinline__ std::uint32_t four_rows(const std::int8_t* line, int row, int used) {
    std::uint32_t out = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        if (row + octet_lanes * i < used)
            out |= std::uint32_t{static_cast<std::uint8_t>(line[row + octet_lanes * i])} << (8 * i);
    return out;
}

// Bits 0 to 7 of the inputs of four rows, and bit 8 in `ninth`. Rows beyond `used` are 0.
__device__ __forceinline__ std::uint32_t four_inputs(const ByteLines& lines, std::int64_t at,
                                                     int row, int used, std::uint32_t& ninth) {
    const std::uint32_t low = four_rows(lines.low + at, row, used);
    if (lines.high == nullptr) {
        if (lines.offset == 0) return low;
        std::uint32_t rows = 0;  // whose bytes lack 128
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (row + octet_lanes * i < used) rows |= 0x80u << (8 * i);
        return low ^ rows;
    }
    const std::uint32_t high = four_rows(lines.high + at, row, used);
    ninth = high >> 1 & 0x01010101u;
    return low | (high & 0x01010101u) << 7;  // the low byte has seven bits
}

// A line is a row group of a pixel; an octet of lanes takes 32 of its rows at a time, and its lane b
// writes their word of bit plane b. `octets` of them share a line, a power of two.
__global__ void pack_bits(ByteLines lines, const ConversionWork* works, int octets,
                          std::uint32_t* out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionShape shape = work.view->shape;
    const int lane = lane_index(), plane = lane % octet_lanes;
    const int lanes_a_line = octets * octet_lanes, lines_a_warp = lanes / lanes_a_line;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * shape.pixels;
    const std::int64_t first_pixel =
        static_cast<std::int64_t>(work.segment.first_slot) * shape.pixels;
    const std::int64_t n = pixels * shape.conv_groups * shape.groups;
    const std::int64_t step = thread_count() / lanes * lines_a_warp;
    // By the warp, so that its lanes stay together.
    for (std::int64_t first = thread_index() / lanes * lines_a_warp; first < n; first += step) {
        const std::int64_t mine = first + lane / lanes_a_line;
        const std::int64_t i = mine < n ? mine : n - 1;
        const Quotient rows(i, shape.groups), channel(rows.quotient, shape.conv_groups);
        const int begin = rows.remainder * shape.group_rows;
        const int used = min(shape.group_rows, shape.depth - begin);
        const std::int64_t bytes =
            (channel.remainder * lines.stride + first_pixel + channel.quotient) * lines.line +
            begin;
        const std::int64_t line = (channel.remainder * pixels + channel.quotient) * shape.groups +
                                  rows.remainder;  // [convolution group][pixel][row group]
        std::uint32_t* const to =
            out + work.first_word + static_cast<std::uint64_t>(line) * shape.bits * shape.words;
        for (int turn = 0; turn < shape.words; turn += octets) {
            const int word = turn + lane % lanes_a_line / octet_lanes;
            std::uint32_t ninth = 0;
            const std::uint32_t inputs =
                four_inputs(lines, bytes, word * word_rows + plane, used, ninth);
            const std::uint32_t bits = transpose_octet(inputs, lane);
            const bool writes = mine < n && word < shape.words;
            if (writes && plane < shape.bits) to[plane * shape.words + word] = bits;
            if (shape.bits <= octet_lanes) continue;
            const std::uint32_t last = gather_octet(ninth, lane);
            if (writes && plane == 0) to[octet_lanes * shape.words + word] = last;
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
                      const PackedLines& most, std::uint32_t* out, cudaStream_t stream) {
    const int octets = most.words >= 4 ? 4 : most.words >= 2 ? 2 : 1;
    const int lines_a_block = threads / (octets * octet_lanes);
    launch("pack bits", pack_bits,
           {.blocks = blocks_for(most.lines, lines_a_block, 4096), .blocks_y = count}, stream,
           lines, works, octets, out);
}

}  // namespace acim
