// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/engine/octet.cuh"
#include "cuda/engine/planned_code.cuh"
#include "cuda/engine/tile_samplers.cuh"

// From the counts of one column of one element to its part of A and D, in the tile kernel.
namespace acim {

// What a lane's elements share in the row group under way. An element is pixel t of set q of four,
// output g + 8r of the item.
template <int sets>
struct TilePlaces {
    PhiloxKey key;
    std::uint32_t element[sets][2];  // [q][r]
    std::uint32_t image[sets];       // [q]
    std::uint32_t group, layer;

    __device__ __forceinline__ FreshPlace place(int q, int r) const {
        return {element[q][r], group, image[q], layer};
    }
    __device__ __forceinline__ PhiloxWords octet(int q, int r, std::uint32_t index) const {
        return philox4x32(fresh_counter(NoiseSource::code_table, place(q, r), index, 0), key);
    }
};

// A column's codes and the counts that no ADC sees, weighed by their cycles; codes of special
// conversions, weighed by all; and whether one of the others may be an ESCAPE.
struct ColumnSum {
    std::int32_t codes = 0, digital = 0;
    std::int64_t special = 0;
    bool escaped = false;
};

// The least of the first uniforms of the words, `bits` of them.
template <int bits>
__device__ __forceinline__ std::uint32_t least_uniform(const PhiloxWords& words) {
    std::uint32_t m = __vminu2(words.w[0], words.w[1]);
    if (bits > 4) m = __vminu2(m, __vminu2(words.w[2], words.w[3]));
    return min(m & 0xFFFFu, m >> 16);
}

// Eight or four one-bit cycles, all alike, by an octet of their own or the next half of one.
template <class Sampler, int bits>
__device__ __forceinline__ ColumnSum serial_column(const ConversionView& v, const Sampler& sampler,
                                                   PhiloxWords& octet,
                                                   const std::int32_t (&counts)[bits]) {
    static_assert(bits == 8 || bits == 4);
    const PhiloxWords words = bits == 8 ? octet : take_four(octet);
    ColumnSum out;
    out.codes = sampler.column(counts, words, v.cycle_factor[bits - 1] < 0 ? -1 : 1);
    if (Sampler::draws)
        out.escaped = least_uniform<bits>(words) < static_cast<std::uint32_t>(v.max_escape);
    return out;
}

// The sum of a cycle by those of its bits, from the lowest; negative ones, too.
__device__ __forceinline__ std::int32_t bit_sum(const std::int32_t* of_bit, int width) {
    std::int32_t s = *of_bit;
#pragma unroll 1
    for (int b = 1; b < width; ++b) s += of_bit[b] * (1 << b);
    return s;
}

// A cycle as the mixed columns read it.
struct alignas(16) TileCycle {
    std::int32_t low_bit, width, factor, place;

    __device__ __forceinline__ std::int32_t count(const std::int32_t* ones) const {
        return bit_sum(ones + low_bit, width);
    }
};

// Digital and special conversions of a column, apart from the loops: they are few, and what the call
// costs is lost among their draws.
__device__ __noinline__ inline void add_planned(const ConversionView& v, const TileCycle* cycles,
                                                PhiloxKey key, const FreshPlace& place, int plane,
                                                const std::int32_t* ones, ColumnSum& out) {
    for (unsigned left = v.digital[plane]; left != 0; left &= left - 1) {
        const TileCycle& cycle = cycles[__ffs(static_cast<int>(left)) - 1];
        const std::int64_t zero = v.encoding == WeightEncoding::xnor  // of the digital count
                                      ? full_scale(v.rows, cycle.width)
                                      : 0;
        out.digital += cycle.place * (cycle.count(ones) - static_cast<std::int32_t>(zero));
    }
    for (unsigned left = v.special[plane]; left != 0; left &= left - 1) {
        const int j = __ffs(static_cast<int>(left)) - 1;
        const auto k = static_cast<std::uint32_t>(plane * v.cycles.count + j);
        const ConversionPlan& c = v.conversions[k];
        const CycleLawView& law = v.law[j];
        const std::int32_t s = cycles[j].count(ones);
        out.special += c.weight * planned_code(v, c, s, [&](std::uint32_t vote) {
                           return v.path == SamplingPath::lut
                                      ? std::int32_t{law.codes[s]}
                                      : table_code(law, s, key, place, k, vote);
                       });
    }
}

// The same column of a lane's two outputs: cycles of any number and width, some of them digital or
// special. An octet may span columns, so it is kept from one to the next. A loop, not unrolled: that
// would cost more registers than there are.
template <class Sampler, int bits>
__device__ __forceinline__ void mixed_columns(const ConversionView& v, const TileCycle* cycles,
                                              const Sampler& sampler, const TilePlaces<1>& at,
                                              PhiloxWords (&octet)[2], int plane,
                                              const std::int32_t (&counts)[2][bits],
                                              ColumnSum (&out)[2]) {
    std::int32_t ones[2][bits];  // in memory, for an index that is not known beforehand
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
        for (int b = 0; b < bits; ++b) ones[r][b] = counts[r][b];
    const unsigned planned = v.digital[plane] | v.special[plane];
    const int count = v.cycles.count;
    auto k = static_cast<std::uint32_t>(plane * count);
    std::uint32_t least[2] = {0x10000u, 0x10000u};
#pragma unroll 1
    for (int j = 0; j < count; ++j, ++k) {
        std::uint32_t u[2] = {};
        if (Sampler::draws) {
            if ((k & 7u) == 0)
                for (int r = 0; r < 2; ++r) octet[r] = at.octet(0, r, k >> 3);
            for (int r = 0; r < 2; ++r) u[r] = take_uniform(octet[r]);
        }
        if ((planned >> j & 1u) != 0) continue;
        const TileCycle cycle = cycles[j];
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            least[r] = min(least[r], u[r]);
            out[r].codes += cycle.factor * sampler.code(j, cycle.count(ones[r]), u[r]);
        }
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
        out[r].escaped = Sampler::draws && least[r] < static_cast<std::uint32_t>(v.max_escape);
        if (planned != 0) add_planned(v, cycles, at.key, at.place(0, r), plane, ones[r], out[r]);
    }
}

}  // namespace acim
