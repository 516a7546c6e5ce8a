// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/escape_queue.cuh"
#include "cuda/engine/input_fragments.cuh"
#include "cuda/engine/tile_columns.cuh"
#include "cuda/engine/tile_shape.hpp"

// What it computes: A and D of layers whose conversions go by their sums alone, on the paths table and
// lut. Most are alike, each through its ADC once; the others are digital, rounded without noise or
// voted on. Shape of the work: a warp takes 16 outputs x 8 pixels and all their row
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
    TileCycle cycle[max_cycles];
    EscapeQueue queue[tile_warps];
};

// One item: its places, its sums, and the loops over row groups and columns. Mixed columns cost
// registers, so there the item is half, four pixels.
template <int pairs, TileColumns columns, class Sampler>
class TileConversion {
public:
    static constexpr bool mixed = columns == TileColumns::mixed;
    static constexpr int sets = mixed ? 1 : 2;  // of four pixels

    // `first_set` of the item's two, where one is taken.
    __device__ TileConversion(const TileShared& shared, const Sampler& sampler, std::int64_t index,
                              int first_set, int lane)
        : block_(shared.block),
          cycles_(shared.cycle),
          v_(*shared.block.view),
          sampler_(sampler),
          item_(shared.block, index),
          first_pixel_(item_.first_pixel + 4 * first_set),
          lane_(lane) {
        const ConversionShape& s = v_.shape;
        at_.key = block_.key;
        at_.layer = s.layer;
#pragma unroll
        for (int q = 0; q < sets; ++q) {
            const std::int64_t pixel = min(first_pixel_ + 4 * q + (lane & 3), block_.pixels - 1);
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
        const int blocks = Sampler::lean ? 1 : s.words / 8;  // of 256 rows
        const int g = lane_ >> 2, t = lane_ & 3;
        const std::uint32_t*
            inputs[sets];  // column g of a product is a bit of pixel g/2 of the set
#pragma unroll
        for (int q = 0; q < sets; ++q) {
            const std::int64_t pixel = min(first_pixel_ + 4 * q + (g >> 1), block_.pixels - 1);
            const std::int64_t line = (item_.conv_group * block_.pixels + pixel) * s.groups + group;
            inputs[q] = block_.bits + line * s.bits * s.words + 2 * t;
        }
        const std::int64_t line =
            ((static_cast<std::int64_t>(item_.conv_group) * s.groups + group) * block_.tiles +
             item_.tile) *
            s.planes * blocks;
        const auto* weights =
            reinterpret_cast<const uint4*>(block_.weights) + line * tile_lanes + lane_;
        Fragments fragments;
        if (blocks == 1) fragments.load(inputs, s.bits, s.words, lane_);
        std::int32_t driven[bits] = {};
        if (is_xnor()) add_inputs(fragments, driven, inputs, blocks);
        std::uint64_t escapes = 0;
        std::int32_t sums[sets][2] = {};  // of the row group: 32 bits are enough
        for (int first = 0; first < s.planes; first += planes_an_octet) {
#pragma unroll
            for (int next = 0; next < planes_an_octet; ++next) {
                const int plane = first + next;
                if (planes_an_octet > 1 && plane == s.planes) break;
                std::int32_t c[sets][pairs][4] = {};
                multiply(fragments, c, inputs, blocks, [&](int block) {
                    return __ldg(weights + (plane * blocks + block) * tile_lanes);
                });
                if (is_xnor()) count_agreements(c, driven);
                escapes |= add_plane(c, plane, next == 0, sums);
            }
        }
#pragma unroll
        for (int q = 0; q < sets; ++q)
#pragma unroll
            for (int r = 0; r < 2; ++r) analog_[q][r] += sums[q][r];
        return escapes;
    }

    __device__ __forceinline__ void store() const {
        const ConversionShape& s = v_.shape;
#pragma unroll
        for (int q = 0; q < sets; ++q) {
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                const int m = item_.tile * tile_outputs + (lane_ >> 2) + 8 * r;
                const std::int64_t pixel = first_pixel_ + 4 * q + (lane_ & 3);
                if (m >= s.outputs || pixel >= block_.pixels) continue;
                const std::int64_t at =
                    (static_cast<std::int64_t>(item_.conv_group) * s.outputs + m) * block_.stride +
                    pixel;
                atomicAdd(reinterpret_cast<unsigned long long*>(block_.analog + at),
                          static_cast<unsigned long long>(analog_[q][r]));
                if (mixed && v_.any_digital) block_.digital[at] = digital_[q][r];
            }
        }
    }

private:
    using Fragments = InputFragments<pairs, sets>;
    using Counts = std::int32_t[sets][pairs][4];
    static constexpr int bits = 2 * pairs;
    static constexpr bool can_be_serial = bits == 8 || bits == 4;
    static constexpr int planes_an_octet = mixed || bits == 8 ? 1 : 2;

    __device__ __forceinline__ bool is_xnor() const {
        return mixed && v_.encoding == WeightEncoding::xnor;
    }

    // c += ones in common of the inputs and the words of every block of rows. One block's inputs stay
    // in `fragments`.
    template <class Words>
    __device__ __forceinline__ void multiply(Fragments& fragments, Counts& c,
                                             const std::uint32_t* const (&inputs)[sets], int blocks,
                                             Words words) const {
        if (blocks == 1) {
            fragments.multiply(c, words(0));
            return;
        }
        for (int block = 0; block < blocks; ++block) {
            const std::uint32_t* here[sets];
#pragma unroll
            for (int q = 0; q < sets; ++q) here[q] = inputs[q] + 8 * block;
            fragments.load(here, v_.shape.bits, v_.shape.words, lane_);
            fragments.multiply(c, words(block));
        }
    }

    // Sums of the inputs of a lane's pixel, whatever the weights.
    __device__ __forceinline__ void add_inputs(Fragments& fragments, std::int32_t (&driven)[bits],
                                               const std::uint32_t* const (&inputs)[sets],
                                               int blocks) const {
        std::int32_t c[sets][pairs][4] = {};
        multiply(fragments, c, inputs, blocks, [](int) { return uint4{~0u, ~0u, ~0u, ~0u}; });
#pragma unroll
        for (int b = 0; b < bits; ++b) driven[b] = c[0][b >> 1][b & 1];
    }

    // column_count() of xnor, bit by bit: that of a cycle is their sum, weighed.
    __device__ __forceinline__ void count_agreements(Counts& c,
                                                     const std::int32_t (&driven)[bits]) const {
#pragma unroll
        for (int pair = 0; pair < pairs; ++pair)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                c[0][pair][i] = 2 * c[0][pair][i] - driven[2 * pair + (i & 1)] + v_.rows;
    }

    // The counts of element (q, r), bit by bit.
    __device__ __forceinline__ static void counts_of(const Counts& c, int q, int r,
                                                     std::int32_t (&counts)[bits]) {
#pragma unroll
        for (int b = 0; b < bits; ++b) counts[b] = c[q][b >> 1][2 * r + (b & 1)];
    }

    // `new_octet`: a serial column of four cycles begins one.
    __device__ __forceinline__ std::uint64_t add_plane(const Counts& c, int plane, bool new_octet,
                                                       std::int32_t (&sums)[sets][2]) {
        std::uint64_t escapes = 0;
        ColumnSum column[sets][2];
        add_columns(c, plane, new_octet, column);
#pragma unroll
        for (int q = 0; q < sets; ++q) {
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                sums[q][r] += v_.plane_factor[plane] * column[q][r].codes;
                if (mixed) {
                    digital_[q][r] += std::int64_t{v_.plane_factor[plane]} * column[q][r].digital;
                    analog_[q][r] += column[q][r].special;
                }
                if (column[q][r].escaped) escapes |= std::uint64_t{1} << (16 * (2 * q + r) + plane);
            }
        }
        return escapes;
    }

    __device__ __forceinline__ void add_columns(const Counts& c, int plane, bool new_octet,
                                                ColumnSum (&column)[sets][2]) {
        if constexpr (!mixed) {
            serial_columns(c, plane, new_octet, column);
        } else {
            if constexpr (can_be_serial) {
                if (v_.serial && (v_.digital[plane] | v_.special[plane]) == 0) {
                    serial_columns(c, plane, bits == 8 || plane % 2 == 0, column);
                    for (ColumnSum& sum : column[0]) sum.codes *= v_.cycle_factor[0];
                    return;
                }
            }
            std::int32_t counts[2][bits];
            counts_of(c, 0, 0, counts[0]);
            counts_of(c, 0, 1, counts[1]);
            mixed_columns(v_, cycles_, sampler_, at_, octet_[0], plane, counts, column[0]);
        }
    }

    __device__ __forceinline__ void serial_columns(const Counts& c, int plane, bool new_octet,
                                                   ColumnSum (&column)[sets][2]) {
#pragma unroll
        for (int q = 0; q < sets; ++q) {
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                std::int32_t counts[bits];
                counts_of(c, q, r, counts);
                if (Sampler::draws && new_octet)
                    octet_[q][r] = at_.octet(q, r, static_cast<std::uint32_t>(plane * bits) >> 3);
                column[q][r] = serial_column(v_, sampler_, octet_[q][r], counts);
            }
        }
    }

    const TileBlock& block_;
    const TileCycle* const cycles_;
    const ConversionView& v_;
    const Sampler& sampler_;
    const TileItem item_;
    const std::int64_t first_pixel_;
    const int lane_;
    TilePlaces<sets> at_;
    std::int64_t analog_[sets][2] = {}, digital_[sets][2] = {};
    PhiloxWords octet_[sets][2]{};  // under way
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

// From the view in global memory into the block's shared memory: mixed columns look up every cycle of
// every element.
__device__ inline TileCycle cycle_of(const ConversionView& v, int j) {
    return {v.cycles.low_bit[j], v.cycles.width[j], v.cycle_factor[j], v.cycle_place[j]};
}

// A warp's turns over its items, or over their halves.
template <class Tile, class Sampler>
__device__ __forceinline__ void convert_items(TileShared& shared, const Sampler& sampler,
                                              const std::uint32_t* table, std::int64_t items,
                                              int lane) {
    constexpr int parts = 2 / Tile::sets;
    const TileBlock& block = shared.block;
    EscapeQueue& queue = shared.queue[threadIdx.x / tile_lanes];
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * tile_warps;
    std::int64_t turn =
        static_cast<std::int64_t>(blockIdx.x) * tile_warps + threadIdx.x / tile_lanes;
    for (; turn < parts * items; turn += step) {
        const std::int64_t item = turn / parts;
        const int first_set = static_cast<int>(turn % parts);
        Tile tile(shared, sampler, item, first_set, lane);
        for (int group = 0; group < block.view->shape.groups; ++group) {
            const std::uint64_t escapes = tile.add_group(group);
            if (Sampler::draws)
                queue_escapes<Sampler>(queue, block, table, escapes, item, first_set, group, lane);
        }
        tile.store();
    }
    if (Sampler::draws) drain<Sampler>(queue, block, table, lane);
}

// Warps of a block take neighbouring pixels of the same outputs, so that fragments of weights come
// from the first-level cache. A is zero at the start.
template <int pairs, TileColumns columns, class Sampler>
__global__ __launch_bounds__(tile_threads, 2) void tile_conversions(const ConversionWork* works,
                                                                    const std::uint32_t* bits,
                                                                    ProductBuffers out) {
    extern __shared__ __align__(16) std::uint32_t acim_shared[];
    auto& shared = *reinterpret_cast<TileShared*>(acim_shared);
    std::uint32_t* const table = acim_shared + sizeof(TileShared) / sizeof(std::uint32_t);
    const int lane = static_cast<int>(threadIdx.x) % tile_lanes;
    if (threadIdx.x == 0) describe_block(shared.block, works[blockIdx.y], bits, out);
    if (lane == 0) shared.queue[threadIdx.x / tile_lanes].count = 0;
    __syncthreads();
    const TileBlock& block = shared.block;
    if (columns == TileColumns::mixed && threadIdx.x < max_cycles)
        shared.cycle[threadIdx.x] = cycle_of(*block.view, static_cast<int>(threadIdx.x));
    const std::int64_t items = block.octets * block.tiles * block.view->shape.conv_groups;
    using Tile = TileConversion<pairs, columns, Sampler>;
    if (static_cast<std::int64_t>(blockIdx.x) * tile_warps >= items * 2 / Tile::sets) return;
    Sampler::load(*block.view, table);
    __syncthreads();
    convert_items<Tile>(shared, Sampler{*block.view, table}, table, items, lane);
}

}  // namespace acim
