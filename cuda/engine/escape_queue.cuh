// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/fragment_place.hpp"
#include "cuda/engine/layer_view.hpp"
#include "cuda/model/random/code_cell.hpp"

// About one conversion in ten thousand draws an ESCAPE outcome, which needs a further Philox call
// and the residual law. Resolved on the spot it would hold up its warp and cost registers that the
// hot loop needs. So a lane notes the column in a bit of a mask; after a row group the columns go
// into a queue of the warp in shared memory, and once there is one for every lane the warp resolves
// them side by side, from the packed bits. What the loop took in the meantime is known, so the
// difference is added to A in memory, where tiles add what they have by atomics, too.
namespace acim {

// What a block computes, in shared memory.
struct TileBlock {
    const ConversionView* view;
    const std::uint32_t* bits;     // packed inputs of the segment
    const std::uint32_t* weights;  // as ConversionView says
    std::int64_t* analog;          // A at the segment's first pixel
    std::int64_t* digital;         // D likewise
    std::int64_t stride;
    std::int64_t pixels, octets;  // of the segment
    PhiloxKey key;
    std::uint32_t first_image;
    std::int32_t tiles;
};

// An item of the tile kernel: 16 outputs x 8 pixels.
struct TileItem {
    std::int64_t first_pixel;
    int tile, conv_group;

    __device__ TileItem(const TileBlock& block, std::int64_t index)
        : first_pixel(index % block.octets * 8),
          tile(static_cast<int>(index / block.octets % block.tiles)),
          conv_group(static_cast<int>(index / block.octets / block.tiles)) {}
};

// A column of one element whose uniforms may hold an ESCAPE.
struct EscapeEntry {
    std::uint32_t item;   // of the segment
    std::uint32_t place;  // lane, element of the lane, column, row group

    static constexpr int lane_bits = 5, element_bits = 2, plane_bits = 4;
    __device__ static EscapeEntry make(std::int64_t item, int lane, int element, int plane,
                                       int group) {
        return {static_cast<std::uint32_t>(item),
                static_cast<std::uint32_t>(lane | element << 5 | plane << 7 | group << 11)};
    }
};
static_assert(max_columns <= 1 << EscapeEntry::plane_bits);

// One warp's queue: a round of pushes adds at most one entry a lane.
struct EscapeQueue {
    static constexpr std::uint32_t full = 32, capacity = 64;
    std::uint32_t count;
    std::uint32_t pad;
    EscapeEntry entry[capacity];
};

// What the ADC sees of cycle j of a column; `line` numbers the fragments of its column, `input` its
// bit planes.
__device__ inline std::int32_t tile_cycle_count(const TileBlock& block, std::int64_t line,
                                                const std::uint32_t* input, int output, int j) {
    const ConversionView& v = *block.view;
    const int words = v.shape.words;
    std::int32_t sum = 0, driven = 0;
    for (int word = 0; word < words; ++word) {
        const std::uint32_t w =
            block.weights[line * (words / 8) * 128 + fragment_place(output, word)];
        for (int b = 0; b < v.cycles.width[j]; ++b) {
            const std::uint32_t x = input[(v.cycles.low_bit[j] + b) * words + word];
            sum += __popc(w & x) << b;
            driven += __popc(x) << b;
        }
    }
    return static_cast<std::int32_t>(
        column_count(v.encoding, sum, driven, full_scale(v.rows, v.cycles.width[j])));
}

// Adds what the true codes of a column have beyond those of `fast`.
template <class Sampler>
__device__ void resolve_escape(const TileBlock& block, const Sampler& fast, EscapeEntry entry) {
    const ConversionView& v = *block.view;
    const ConversionShape& s = v.shape;
    const TileItem item(block, entry.item);
    const auto from = static_cast<int>(entry.place & 31),
               e = static_cast<int>(entry.place >> 5 & 3);
    const auto plane = static_cast<int>(entry.place >> 7 & 15);
    const auto group = static_cast<int>(entry.place >> 11);
    const std::int64_t pixel = item.first_pixel + 4 * (e >> 1) + (from & 3);
    const int output = (from >> 2) + 8 * (e & 1), m = item.tile * 16 + output;
    if (pixel >= block.pixels || m >= s.outputs) return;  // a lane beyond the edge
    const FreshPlace place{
        static_cast<std::uint32_t>(s.group_first * item.conv_group + s.output_stride * m +
                                   s.pixel_stride * (pixel % s.pixels)),
        static_cast<std::uint32_t>(group),
        block.first_image + static_cast<std::uint32_t>(pixel / s.pixels), s.layer};
    const std::int64_t line =
        ((static_cast<std::int64_t>(item.conv_group) * s.groups + group) * block.tiles +
         item.tile) *
            s.planes +
        plane;
    const std::uint32_t* input =
        block.bits + ((item.conv_group * block.pixels + pixel) * s.groups + group) * s.bits *
                         static_cast<std::int64_t>(s.words);
    std::int64_t sum = 0;
    for (int j = 0; j < v.cycles.count; ++j) {
        const auto k = static_cast<std::uint32_t>(plane * v.cycles.count + j);
        if (((v.digital[plane] | v.special[plane]) >> j & 1) != 0) continue;
        const PhiloxWords call =
            philox4x32(fresh_counter(NoiseSource::code_table, place, k >> 3, 0), block.key);
        const std::uint32_t u = table_uniform(call, k);
        if (u >= static_cast<std::uint32_t>(v.max_escape)) continue;
        const std::int32_t count = tile_cycle_count(block, line, input, output, j);
        if (u >= v.law[j].table.escape[count]) continue;
        const std::int32_t code = escape_code(v.law[j], count, block.key, place, k, 0);
        sum += std::int64_t{v.cycle_factor[j]} * (code - fast.code(j, count, u));
    }
    const std::int64_t at =
        (static_cast<std::int64_t>(item.conv_group) * s.outputs + m) * block.stride + pixel;
    atomicAdd(reinterpret_cast<unsigned long long*>(block.analog + at),
              static_cast<unsigned long long>(sum * v.plane_factor[plane]));
}

// Resolves what is in the queue, by the whole warp.
template <class Sampler>
__device__ __noinline__ void drain(EscapeQueue& queue, const TileBlock& block,
                                   const std::uint32_t* table, int lane) {
    const Sampler fast{*block.view, table};
    const std::uint32_t n = queue.count;
    for (auto i = static_cast<std::uint32_t>(lane); i < n; i += 32)
        resolve_escape(block, fast, queue.entry[i]);
    __syncwarp();
    if (lane == 0) queue.count = 0;
    __syncwarp();
}

// Queues the columns of a lane's mask, bit 16*element + plane, of the item's elements from the first set
// of four pixels on.
template <class Sampler>
__device__ __forceinline__ void queue_escapes(EscapeQueue& queue, const TileBlock& block,
                                              const std::uint32_t* table, std::uint64_t mask,
                                              std::int64_t item, int first_set, int group,
                                              int lane) {
    while (__any_sync(~0u, mask != 0)) {
        if (mask != 0) {
            const int bit = __ffsll(static_cast<long long>(mask)) - 1;
            mask &= mask - 1;
            queue.entry[atomicAdd(&queue.count, 1u)] =
                EscapeEntry::make(item, lane, 2 * first_set + (bit >> 4), bit & 15, group);
        }
        __syncwarp();
        if (queue.count >= EscapeQueue::full) drain<Sampler>(queue, block, table, lane);
    }
}

}  // namespace acim
