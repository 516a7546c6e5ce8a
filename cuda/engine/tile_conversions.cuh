// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/escape_queue.cuh"
#include "cuda/engine/input_fragments.cuh"
#include "cuda/engine/octet.cuh"
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
// [256 rows][32 lanes][4 words]; words 2t and 2t+1 of rows g and g+8 (cuda/engine/fragment_place.hpp).
namespace acim {

constexpr int tile_outputs = 16, tile_pixels = 8, tile_threads = 256, tile_lanes = 32;
constexpr int tile_warps = tile_threads / tile_lanes;

// What precedes the sampler's table in a block's shared memory.
struct alignas(16) TileShared {
    TileBlock block;
    EscapeQueue queue[tile_warps];
};

// What a lane's elements share in the row group under way. An element is pixel 4q + t, output
// g + 8r of the item.
struct TilePlaces {
    PhiloxKey key;
    std::uint32_t element[2][2];  // [q][r]
    std::uint32_t image[2];       // [q]
    std::uint32_t group, layer;

    __device__ __forceinline__ PhiloxWords octet(int q, int r, std::uint32_t index) const {
        return philox4x32(fresh_counter(NoiseSource::code_table,
                                        {element[q][r], group, image[q], layer}, index, 0),
                          key);
    }
};

__device__ __forceinline__ std::uint32_t least_uniform(const PhiloxWords& call) {
    const std::uint32_t m =
        __vminu2(__vminu2(call.w[0], call.w[1]), __vminu2(call.w[2], call.w[3]));
    return min(m & 0xFFFFu, m >> 16);
}

// A column's codes, weighed by their cycles, and whether one of them may be an ESCAPE.
struct ColumnSum {
    std::int32_t sum = 0;
    std::int32_t digital = 0;  // of the counts that no ADC sees, likewise
    bool escaped = false;
};

// Eight one-bit cycles in at most 256 rows: conversions of a column are one octet.
template <class Sampler>
__device__ __forceinline__ ColumnSum serial_column(const ConversionView& v, const Sampler& sampler,
                                                   const PhiloxWords& call,
                                                   const std::int32_t (&ones)[8]) {
    ColumnSum out;
    out.sum = sampler.column(ones, call, v.cycle_factor[7] < 0 ? -1 : 1);
    if (Sampler::draws)
        out.escaped = least_uniform(call) < static_cast<std::uint32_t>(v.max_escape);
    return out;
}

// Cycles of any number and width: an octet may span columns, so its call is kept from one to the
// next.
template <class Sampler, int bits>
__device__ __forceinline__ ColumnSum any_column(const ConversionView& v, const Sampler& sampler,
                                                const TilePlaces& at, int q, int r,
                                                PhiloxWords& call, int plane,
                                                const std::int32_t (&ones)[bits]) {
    ColumnSum out;
    std::int32_t s = 0;
    auto k = static_cast<std::uint32_t>(plane * v.cycles.count);
    int j = 0;
#pragma unroll
    for (int b = 0; b < bits; ++b) {
        if (j == v.cycles.count) break;
        const int within = b - v.cycles.low_bit[j];
        s += ones[b] << within;
        if (within + 1 < v.cycles.width[j]) continue;
        if (v.hybrid() && v.is_digital(k)) {
            if (Sampler::draws && (k & 7u) == 0) call = at.octet(q, r, k >> 3);
            out.digital += v.cycle_place[j] * s;
            s = 0;
            ++j;
            ++k;
            continue;
        }
        std::uint32_t u = 0;
        if (Sampler::draws) {
            if ((k & 7u) == 0) call = at.octet(q, r, k >> 3);
            u = uniform_of(call, k);
            out.escaped |= u < static_cast<std::uint32_t>(v.max_escape);
        }
        out.sum += v.cycle_factor[j] * sampler.code(j, s, u);
        s = 0;
        ++j;
        ++k;
    }
    return out;
}

// One item: its places, its sums, and the loops over row groups and columns.
template <int pairs, bool serial, class Sampler>
class TileConversion {
public:
    __device__ TileConversion(const TileShared& shared, const Sampler& sampler, std::int64_t index,
                              int lane)
        : block_(shared.block),
          v_(*shared.block.view),
          sampler_(sampler),
          item_(shared.block, index),
          lane_(lane) {
        const ConversionShape& s = v_.shape;
        at_.key = block_.key;
        at_.layer = s.layer;
#pragma unroll
        for (int q = 0; q < 2; ++q) {
            const std::int64_t pixel =
                min(item_.first_pixel + 4 * q + (lane & 3), block_.pixels - 1);
            at_.image[q] = block_.first_image + static_cast<std::uint32_t>(pixel / s.pixels);
#pragma unroll
            for (int r = 0; r < 2; ++r)
                at_.element[q][r] = static_cast<std::uint32_t>(
                    s.group_first * item_.conv_group +
                    s.output_stride * (item_.tile * tile_outputs + (lane >> 2) + 8 * r) +
                    s.pixel_stride * (pixel % s.pixels));
        }
    }

    // Adds a row group; the mask of columns that may hold an ESCAPE, bit 16*(2q+r) + plane.
    __device__ __forceinline__ std::uint64_t add_group(int group) {
        const ConversionShape& s = v_.shape;
        at_.group = static_cast<std::uint32_t>(group);
        const int blocks = s.words / 8;  // of 256 rows
        const int g = lane_ >> 2, t = lane_ & 3;
        const std::uint32_t* inputs[2];  // column g of a product is a bit of pixel g/2 of the set
#pragma unroll
        for (int q = 0; q < 2; ++q) {
            const std::int64_t pixel = min(item_.first_pixel + 4 * q + (g >> 1), block_.pixels - 1);
            const std::int64_t line = (item_.conv_group * block_.pixels + pixel) * s.groups + group;
            inputs[q] = block_.bits + line * s.bits * s.words + 2 * t;
        }
        const std::int64_t line =
            ((static_cast<std::int64_t>(item_.conv_group) * s.groups + group) * block_.tiles +
             item_.tile) *
            s.planes * blocks;
        const auto* weights =
            reinterpret_cast<const uint4*>(block_.weights) + line * tile_lanes + lane_;
        InputFragments<pairs, 2> fragments;
        if (serial || blocks == 1) fragments.load(inputs, s.bits, s.words, lane_);
        std::uint64_t escapes = 0;
        std::int32_t sums[2][2] = {};  // of the row group: 32 bits are enough
        for (int plane = 0; plane < s.planes; ++plane) {
            std::int32_t c[2][pairs][4] = {};
            if (serial || blocks == 1) {
                fragments.multiply(c, __ldg(weights + plane * tile_lanes));
            } else {
                for (int block = 0; block < blocks; ++block) {
                    const std::uint32_t* here[2] = {inputs[0] + 8 * block, inputs[1] + 8 * block};
                    fragments.load(here, s.bits, s.words, lane_);
                    fragments.multiply(c, __ldg(weights + (plane * blocks + block) * tile_lanes));
                }
            }
            escapes |= add_plane(c, plane, sums);
        }
#pragma unroll
        for (int q = 0; q < 2; ++q)
#pragma unroll
            for (int r = 0; r < 2; ++r) analog_[q][r] += sums[q][r];
        return escapes;
    }

    __device__ __forceinline__ void store() const {
        const ConversionShape& s = v_.shape;
#pragma unroll
        for (int q = 0; q < 2; ++q) {
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                const int m = item_.tile * tile_outputs + (lane_ >> 2) + 8 * r;
                const std::int64_t pixel = item_.first_pixel + 4 * q + (lane_ & 3);
                if (m >= s.outputs || pixel >= block_.pixels) continue;
                const std::int64_t at =
                    (static_cast<std::int64_t>(item_.conv_group) * s.outputs + m) * block_.stride +
                    pixel;
                atomicAdd(reinterpret_cast<unsigned long long*>(block_.analog + at),
                          static_cast<unsigned long long>(analog_[q][r]));
                if (!serial && v_.hybrid()) block_.digital[at] = digital_[q][r];
            }
        }
    }

private:
    __device__ __forceinline__ std::uint64_t add_plane(const std::int32_t (&c)[2][pairs][4],
                                                       int plane, std::int32_t (&sums)[2][2]) {
        std::uint64_t escapes = 0;
#pragma unroll
        for (int q = 0; q < 2; ++q) {
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                std::int32_t ones[2 * pairs];
#pragma unroll
                for (int b = 0; b < 2 * pairs; ++b) ones[b] = c[q][b >> 1][2 * r + (b & 1)];
                ColumnSum column;
                if constexpr (serial) {
                    PhiloxWords call{};
                    if (Sampler::draws) call = at_.octet(q, r, static_cast<std::uint32_t>(plane));
                    column = serial_column(v_, sampler_, call, ones);
                } else {
                    column = any_column(v_, sampler_, at_, q, r, call_[q][r], plane, ones);
                }
                sums[q][r] += v_.plane_factor[plane] * column.sum;
                if constexpr (!serial)
                    digital_[q][r] += std::int64_t{v_.plane_factor[plane]} * column.digital;
                if (column.escaped) escapes |= std::uint64_t{1} << (16 * (2 * q + r) + plane);
            }
        }
        return escapes;
    }

    const TileBlock& block_;
    const ConversionView& v_;
    const Sampler& sampler_;
    const TileItem item_;
    const int lane_;
    TilePlaces at_;
    std::int64_t analog_[2][2] = {}, digital_[2][2] = {};
    PhiloxWords call_[2][2]{};  // octets under way, where they span columns
};

__device__ inline void describe_block(TileBlock& block, const ConversionWork& work,
                                      const std::uint32_t* bits, const ProductBuffers& out) {
    const ConversionShape& s = work.view->shape;
    block.view = work.view;
    block.bits = bits + work.first_word;
    block.weights = work.weights;
    block.analog = out.analog + static_cast<std::int64_t>(work.segment.first_slot) * s.pixels;
    block.digital = out.digital + static_cast<std::int64_t>(work.segment.first_slot) * s.pixels;
    block.stride = out.stride;
    block.pixels = static_cast<std::int64_t>(work.segment.slots) * s.pixels;
    block.octets = (block.pixels + tile_pixels - 1) / tile_pixels;
    block.key = work.segment.key;
    block.first_image = work.segment.first_image;
    block.tiles = (s.outputs + tile_outputs - 1) / tile_outputs;
}

// Warps of a block take neighbouring pixels of the same outputs, so that fragments of weights come
// from the first-level cache. A is zero at the start.
template <int pairs, bool serial, class Sampler>
__global__ __launch_bounds__(tile_threads, 2) void tile_conversions(const ConversionWork* works,
                                                                    const std::uint32_t* bits,
                                                                    ProductBuffers out) {
    extern __shared__ std::uint32_t acim_shared[];
    auto& shared = *reinterpret_cast<TileShared*>(acim_shared);
    std::uint32_t* const table = acim_shared + sizeof(TileShared) / sizeof(std::uint32_t);
    const int lane = static_cast<int>(threadIdx.x) % tile_lanes;
    EscapeQueue& queue = shared.queue[threadIdx.x / tile_lanes];
    if (threadIdx.x == 0) describe_block(shared.block, works[blockIdx.y], bits, out);
    if (lane == 0) queue.count = 0;
    __syncthreads();
    const TileBlock& block = shared.block;
    const std::int64_t items = block.octets * block.tiles * block.view->shape.conv_groups;
    if (static_cast<std::int64_t>(blockIdx.x) * tile_warps >= items) return;
    Sampler::load(*block.view, table);
    __syncthreads();
    const Sampler sampler{*block.view, table};
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * tile_warps;
    for (std::int64_t item =
             static_cast<std::int64_t>(blockIdx.x) * tile_warps + threadIdx.x / tile_lanes;
         item < items; item += step) {
        TileConversion<pairs, serial, Sampler> tile(shared, sampler, item, lane);
        for (int group = 0; group < block.view->shape.groups; ++group) {
            const std::uint64_t escapes = tile.add_group(group);
            if (Sampler::draws)
                queue_escapes<Sampler>(queue, block, table, escapes, item, group, lane);
        }
        tile.store();
    }
    if (Sampler::draws) drain<Sampler>(queue, block, table, lane);
}

}  // namespace acim
