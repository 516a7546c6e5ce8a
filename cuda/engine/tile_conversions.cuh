// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/escape_queue.cuh"
#include "cuda/engine/mma.cuh"
#include "cuda/engine/tile_samplers.cuh"

// What it computes: A of layers whose conversions are all alike, each through its ADC once, on the
// paths table and lut. Shape of the work: a warp takes 16 outputs x 8 pixels and all their row
// groups, columns and cycles. The bits of 8 pixels stay in registers over all columns; a column's
// sums are one-bit products on tensor cores (256 rows an instruction). Columns of the products are
// permuted so that one lane ends up with every input bit of its four elements (2 outputs x 2
// pixels): a Philox call then serves one column of one element (eight cycles), with no exchange
// between lanes. Nothing but packed bits is read and one integer an element is written.
// Why this shape: the random bits and the table dominate (about 15 instructions a conversion), the
// product is 1/128 of an instruction; so operands need no staging through shared memory.
//
// Bits of weights are fragments: [convolution groups][row groups][tiles of 16 outputs][planes]
// [256 rows][32 lanes][4 words]; words 2t and 2t+1 of rows g and g+8 (cuda/engine/fragments.hpp).
namespace acim {

constexpr std::size_t queue_bytes = 8 * sizeof(EscapeQueue);  // of a block
constexpr int tile_outputs = 16, tile_pixels = 8, tile_threads = 256, tile_lanes = 32;

// An element of a lane: pixel 4q + t, output g + 8r of the tile.
struct TileElement {
    std::uint32_t element = 0, image = 0;
    std::int64_t analog = 0;
};

// Everything of a warp's item that its inner loops share.
template <class Sampler>
struct Tile {
    const ConversionView& view;
    const Sampler& sampler;
    PhiloxKey key;
    std::uint32_t group;  // row group under way

    __device__ __forceinline__ FreshPlace place(const TileElement& e) const {
        return {e.element, group, e.image, view.shape.layer};
    }
    __device__ __forceinline__ PhiloxWords octet(const TileElement& e, std::uint32_t index) const {
        return philox4x32(fresh_counter(NoiseSource::code_table, place(e), index, 0), key);
    }
};

__device__ __forceinline__ std::uint32_t least_uniform(const PhiloxWords& call) {
    const std::uint32_t m =
        __vminu2(__vminu2(call.w[0], call.w[1]), __vminu2(call.w[2], call.w[3]));
    return min(m & 0xFFFFu, m >> 16);
}

__device__ __forceinline__ std::uint32_t octet_uniform(const PhiloxWords& call, int j) {
    return call.w[j >> 1] >> ((j & 1) * 16) & 0xFFFFu;
}

// Eight one-bit cycles: conversions of a column are one octet.
template <class Sampler>
__device__ __forceinline__ std::int32_t serial_column(const Tile<Sampler>& tile,
                                                      const TileElement& e, int plane,
                                                      const std::int32_t (&ones)[8],
                                                      bool& escaped) {
    const ConversionView& v = tile.view;
    PhiloxWords call{};
    if (Sampler::draws) call = tile.octet(e, static_cast<std::uint32_t>(plane));
    std::int32_t sum = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j)
        sum += v.cycle_factor[j] * tile.sampler.code(j, ones[j], octet_uniform(call, j));
    escaped = Sampler::draws && least_uniform(call) < static_cast<std::uint32_t>(v.max_escape);
    return sum;
}

// Cycles of any number and width: an octet may span columns, so its call is kept from one to the
// next.
template <class Sampler, int bits>
__device__ __forceinline__ std::int32_t any_column(const Tile<Sampler>& tile, const TileElement& e,
                                                   PhiloxWords& call, int plane,
                                                   const std::int32_t (&ones)[bits],
                                                   bool& escaped) {
    const ConversionView& v = tile.view;
    std::int32_t sum = 0, s = 0;
    escaped = false;
    auto k = static_cast<std::uint32_t>(plane * v.cycles.count);
    int j = 0;
#pragma unroll
    for (int b = 0; b < bits; ++b) {
        if (j == v.cycles.count) break;
        const int within = b - v.cycles.low_bit[j];
        s += ones[b] << within;
        if (within + 1 < v.cycles.width[j]) continue;
        std::uint32_t u = 0;
        if (Sampler::draws) {
            if ((k & 7u) == 0) call = tile.octet(e, k >> 3);
            const std::uint32_t low = (k & 2u) != 0 ? call.w[1] : call.w[0];
            const std::uint32_t high = (k & 2u) != 0 ? call.w[3] : call.w[2];
            u = ((k & 4u) != 0 ? high : low) >> ((k & 1u) * 16) & 0xFFFFu;
            escaped |= u < static_cast<std::uint32_t>(v.max_escape);
        }
        sum += v.cycle_factor[j] * tile.sampler.code(j, s, u);
        s = 0;
        ++j;
        ++k;
    }
    return sum;
}

// Bits of eight pixels in one block of 256 rows, as fragments of the products' columns: column
// 2t+h of product `pair` of set q is bit 2*pair+h of pixel 4q+t.
template <int pairs>
struct InputFragments {
    std::uint32_t b[2][pairs][2];

    // `pixel[q]` points at the planes of the lane's pixel of set q, at its words of the block.
    __device__ __forceinline__ void load(const std::uint32_t* const (&pixel)[2], int bits,
                                         int words, int lane) {
#pragma unroll
        for (int q = 0; q < 2; ++q) {
#pragma unroll
            for (int pair = 0; pair < pairs; ++pair) {
                const int bit = 2 * pair + ((lane >> 2) & 1);
                uint2 both{0, 0};
                if (bit < bits)
                    both = __ldg(reinterpret_cast<const uint2*>(pixel[q] + bit * words));
                b[q][pair][0] = both.x;
                b[q][pair][1] = both.y;
            }
        }
    }
};

// One item: 16 outputs x 8 pixels of a segment.
template <int pairs, bool serial, class Sampler>
__device__ __forceinline__ void convert_tile(const ConversionWork& work, const Sampler& sampler,
                                             const std::uint32_t* bits, std::int64_t item,
                                             std::int64_t octets, EscapeQueue& queue,
                                             const ProductBuffers& out) {
    const ConversionView& v = *work.view;
    const ConversionShape& s = v.shape;
    const int lane = static_cast<int>(threadIdx.x) % tile_lanes;
    const int g = lane >> 2, t = lane & 3;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * s.pixels;
    const int tiles = (s.outputs + tile_outputs - 1) / tile_outputs;
    const std::int64_t first_pixel = item % octets * tile_pixels;
    const int tile_index = static_cast<int>(item / octets % tiles);
    const int conv_group = static_cast<int>(item / octets / tiles);
    const int blocks = s.words / 8;  // of 256 rows

    TileElement e[2][2];       // [q][r]
    PhiloxWords call[2][2]{};  // octets under way, where they span columns
#pragma unroll
    for (int q = 0; q < 2; ++q) {
        const std::int64_t pixel = min(first_pixel + 4 * q + t, pixels - 1);
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            e[q][r].element = static_cast<std::uint32_t>(
                s.group_first * conv_group +
                s.output_stride * (tile_index * tile_outputs + g + 8 * r) +
                s.pixel_stride * (pixel % s.pixels));
            e[q][r].image = work.segment.first_image + static_cast<std::uint32_t>(pixel / s.pixels);
        }
    }

    if (Sampler::draws) queue.clear(lane);
    const TilePlace at{&v,
                       bits + work.first_word,
                       work.segment.key,
                       work.segment.first_image,
                       first_pixel,
                       pixels,
                       conv_group,
                       tile_index,
                       tiles};
    Tile<Sampler> tile{v, sampler, work.segment.key, 0};
    for (int group = 0; group < s.groups; ++group) {
        tile.group = static_cast<std::uint32_t>(group);
        const std::uint32_t* inputs[2];  // column g of a product is a bit of pixel g/2 of the set
#pragma unroll
        for (int q = 0; q < 2; ++q) {
            const std::int64_t pixel = min(first_pixel + 4 * q + (g >> 1), pixels - 1);
            const std::int64_t line = (conv_group * pixels + pixel) * s.groups + group;
            inputs[q] = bits + work.first_word + line * s.bits * s.words + 2 * t;
        }
        const std::int64_t weight_line =
            ((static_cast<std::int64_t>(conv_group) * s.groups + group) * tiles + tile_index) *
            s.planes * blocks;
        const auto* weights = reinterpret_cast<const uint4*>(v.weights) + weight_line * tile_lanes;
        InputFragments<pairs> fragments;
        if (blocks == 1) fragments.load(inputs, s.bits, s.words, lane);
        for (int plane = 0; plane < s.planes; ++plane) {
            std::int32_t c[2][pairs][4] = {};
            for (int block = 0; block < blocks; ++block) {
                if (blocks > 1) {
                    const std::uint32_t* here[2] = {inputs[0] + 8 * block, inputs[1] + 8 * block};
                    fragments.load(here, s.bits, s.words, lane);
                }
                const uint4 w = __ldg(weights + (plane * blocks + block) * tile_lanes + lane);
                const std::uint32_t a[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
                for (int q = 0; q < 2; ++q)
#pragma unroll
                    for (int pair = 0; pair < pairs; ++pair)
                        mma_and_popc(c[q][pair], a, fragments.b[q][pair][0],
                                     fragments.b[q][pair][1]);
            }
#pragma unroll
            for (int q = 0; q < 2; ++q) {
#pragma unroll
                for (int r = 0; r < 2; ++r) {
                    std::int32_t ones[2 * pairs];
#pragma unroll
                    for (int b = 0; b < 2 * pairs; ++b) ones[b] = c[q][b >> 1][2 * r + (b & 1)];
                    bool escaped;
                    std::int32_t column;
                    if constexpr (serial)
                        column = serial_column(tile, e[q][r], plane, ones, escaped);
                    else
                        column = any_column(tile, e[q][r], call[q][r], plane, ones, escaped);
                    if (Sampler::draws && escaped) queue.push(lane, q, r, plane, group);
                    e[q][r].analog += v.plane_factor[plane] * column;
                }
            }
            if (Sampler::draws) {
                __syncwarp();
                if (queue.count > EscapeQueue::capacity - EscapeQueue::most_a_column)
                    drain(queue, at, sampler, lane);
            }
        }
    }
    if (Sampler::draws) drain(queue, at, sampler, lane);
#pragma unroll
    for (int q = 0; q < 2; ++q) {
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            const int output = tile_index * tile_outputs + g + 8 * r;
            const std::int64_t pixel = first_pixel + 4 * q + t;
            if (output >= s.outputs || pixel >= pixels) continue;
            const std::int64_t to =
                (static_cast<std::int64_t>(conv_group) * s.outputs + output) * out.stride +
                static_cast<std::int64_t>(work.segment.first_slot) * s.pixels + pixel;
            const auto correction =
                Sampler::draws
                    ? static_cast<std::int64_t>(queue.correction[(2 * q + r) * tile_lanes + lane])
                    : 0;
            out.analog[to] = e[q][r].analog + correction;
        }
    }
}

// Warps of a block take neighbouring pixels of the same outputs, so that fragments of weights come
// from the first-level cache.
template <int pairs, bool serial, class Sampler>
__global__ __launch_bounds__(tile_threads, 2) void tile_conversions(const ConversionWork* works,
                                                                    const std::uint32_t* bits,
                                                                    ProductBuffers out) {
    extern __shared__ std::uint32_t acim_shared[];
    const ConversionWork& work = works[blockIdx.y];
    const ConversionView& v = *work.view;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * v.shape.pixels;
    const std::int64_t octets = (pixels + tile_pixels - 1) / tile_pixels;
    const std::int64_t items =
        octets * ((v.shape.outputs + tile_outputs - 1) / tile_outputs) * v.shape.conv_groups;
    constexpr int warps = tile_threads / tile_lanes;
    if (static_cast<std::int64_t>(blockIdx.x) * warps >= items) return;
    // Queues of the warps first, then the sampler's table.
    auto& queue = reinterpret_cast<EscapeQueue*>(acim_shared)[threadIdx.x / tile_lanes];
    std::uint32_t* const table = acim_shared + queue_bytes / 4;
    Sampler::load(v, table);
    __syncthreads();
    const Sampler sampler{v, table};
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * warps;
    for (std::int64_t item =
             static_cast<std::int64_t>(blockIdx.x) * warps + threadIdx.x / tile_lanes;
         item < items; item += step)
        convert_tile<pairs, serial>(work, sampler, bits, item, octets, queue, out);
}

}  // namespace acim
