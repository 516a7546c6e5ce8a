// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/random/code_cell.hpp"

// About one conversion in ten thousand draws an ESCAPE outcome, which needs a further Philox call
// and the residual law. Resolved on the spot it would hold up its warp and cost registers that the
// hot loop needs; so lanes note the column in a queue of their warp in shared memory, and the warp
// resolves what has gathered, a column a lane. The code that the loop took in the meantime is known,
// so what is added to the element is a difference.
namespace acim {

// One warp's queue and what resolving adds to its 128 elements, [2q + r][lane].
struct EscapeQueue {
    static constexpr int capacity = 256, most_a_column = 128;
    std::uint32_t count;
    std::uint32_t pad;
    unsigned long long correction[128];  // two's complement
    std::uint32_t entry[capacity];

    __device__ __forceinline__ void push(int lane, int q, int r, int plane, int group) {
        const std::uint32_t at = atomicAdd(&count, 1u);
        entry[at] = static_cast<std::uint32_t>(lane | q << 5 | r << 6 | plane << 7 | group << 11);
    }
    __device__ void clear(int lane) {
        if (lane == 0) count = 0;
        for (int i = lane; i < 128; i += 32) correction[i] = 0;
        __syncwarp();
    }
};

// Where a warp's elements lie: enough to find inputs, weights and random places of one of them.
struct TilePlace {
    const ConversionView* view;
    const std::uint32_t* bits;  // packed inputs of the segment
    PhiloxKey key;
    std::uint32_t first_image;
    std::int64_t first_pixel, pixels;
    int conv_group, tile, tiles;
};

// Word of weight bits of one output of a tile: the inverse of the fragments' order.
__device__ inline std::uint32_t fragment_word(const TilePlace& at, int group, int output, int plane,
                                              int word) {
    const ConversionShape& s = at.view->shape;
    const std::int64_t line =
        ((static_cast<std::int64_t>(at.conv_group) * s.groups + group) * at.tiles + at.tile) *
            s.planes +
        plane;
    const int block = word / 8, lane = output % 8 * 4 + word % 8 / 2;
    const int reg = output / 8 + 2 * (word & 1);
    return at.view->weights[((line * (s.words / 8) + block) * 32 + lane) * 4 + reg];
}

// Sum of cycle j of one column of one element.
__device__ inline std::int32_t tile_cycle_sum(const TilePlace& at, std::int64_t pixel, int group,
                                              int output, int plane, int j) {
    const ConversionView& v = *at.view;
    const ConversionShape& s = v.shape;
    const std::int64_t line = (at.conv_group * at.pixels + pixel) * s.groups + group;
    std::int32_t sum = 0;
    for (int word = 0; word < s.words; ++word) {
        const std::uint32_t w = fragment_word(at, group, output, plane, word);
        for (int b = 0; b < v.cycles.width[j]; ++b) {
            const std::int64_t bit = line * s.bits + v.cycles.low_bit[j] + b;
            sum += __popc(w & at.bits[bit * s.words + word]) << b;
        }
    }
    return sum;
}

// What the true codes of a column add to the element beyond those that `fast` gave.
template <class Sampler>
__device__ __noinline__ std::int64_t escape_correction(const TilePlace& at, const Sampler& fast,
                                                       std::int64_t pixel, int output, int plane,
                                                       int group) {
    const ConversionView& v = *at.view;
    const ConversionShape& s = v.shape;
    const FreshPlace place{static_cast<std::uint32_t>(s.group_first * at.conv_group +
                                                      s.output_stride * (at.tile * 16 + output) +
                                                      s.pixel_stride * (pixel % s.pixels)),
                           static_cast<std::uint32_t>(group),
                           at.first_image + static_cast<std::uint32_t>(pixel / s.pixels), s.layer};
    std::int64_t sum = 0;
    for (int j = 0; j < v.cycles.count; ++j) {
        const auto k = static_cast<std::uint32_t>(plane * v.cycles.count + j);
        const PhiloxWords call =
            philox4x32(fresh_counter(NoiseSource::code_table, place, k >> 3, 0), at.key);
        const std::uint32_t u = table_uniform(call, k);
        if (u >= static_cast<std::uint32_t>(v.max_escape)) continue;
        const std::int32_t count = tile_cycle_sum(at, pixel, group, output, plane, j);
        const CycleLawView& law = v.law[j];
        if (u >= law.table.escape[count]) continue;
        const std::int32_t code = escape_code(law, count, at.key, place, k, 0);
        sum += std::int64_t{v.cycle_factor[j]} * (code - fast.code(j, count, u));
    }
    return sum * v.plane_factor[plane];
}

// Resolves all columns of the queue, by the whole warp.
template <class Sampler>
__device__ void drain(EscapeQueue& queue, const TilePlace& at, const Sampler& fast, int lane) {
    __syncwarp();
    const std::uint32_t n = queue.count;
    for (std::uint32_t i = static_cast<std::uint32_t>(lane); i < n; i += 32) {
        const std::uint32_t entry = queue.entry[i];
        const int from = entry & 31, q = entry >> 5 & 1, r = entry >> 6 & 1;
        const int plane = entry >> 7 & 15, group = static_cast<int>(entry >> 11);
        const std::int64_t pixel = min(at.first_pixel + 4 * q + (from & 3), at.pixels - 1);
        const std::int64_t shift =
            escape_correction(at, fast, pixel, (from >> 2) + 8 * r, plane, group);
        atomicAdd(&queue.correction[(2 * q + r) * 32 + from],
                  static_cast<unsigned long long>(shift));
    }
    __syncwarp();
    if (lane == 0) queue.count = 0;
    __syncwarp();
}

}  // namespace acim
