// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/engine/tile_cell.hpp"

// How the tile kernel turns the sums of one column of one element into codes. A sampler says whether
// it draws at all, gives code(j, s, u) of cycle j, sum s and 16-bit uniform u, and the weighed codes
// of a column of `bits` (8 or 4) one-bit cycles of one law at once: sum of 2^j c_j, the last with the
// sign given, by the first uniforms of the words. Outcomes that it cannot decide (a uniform below
// max_escape) are computed anew by the model. A lean one takes such columns alone, of at most 256 rows.
namespace acim {

template <int j, class Code>
__device__ __forceinline__ std::int32_t horner(std::int32_t sum, Code code) {
    if constexpr (j < 0)
        return sum;
    else
        return horner<j - 1>(2 * sum + code.template operator()<j>(), code);
}

// Horner's rule over n cycles, codes one by one: code.template operator()<j>().
template <int n, class Code>
__device__ __forceinline__ std::int32_t weighed_codes(std::int32_t sign, Code code) {
    return horner<n - 2>(sign * code.template operator()<n - 1>(), code);
}

// Cells in shared memory where one law serves all cycles and fits, else in global memory.
template <bool in_shared>
struct TableSampler {
    static constexpr bool draws = true, lean = false;
    const ConversionView& view;
    const char* first;  // cells of cycle 0

    __device__ TableSampler(const ConversionView& v, const std::uint32_t* table)
        : view(v), first(reinterpret_cast<const char*>(in_shared ? table : v.tile_cells[0])) {}
    __device__ static void load(const ConversionView& v, std::uint32_t* table) {
        if (!in_shared) return;
        const auto n = static_cast<unsigned>((v.law[0].scale.full_scale + 1) * cell_columns / 4);
        const auto* from = reinterpret_cast<const uint4*>(v.tile_cells[0]);
        for (unsigned i = threadIdx.x; i < n; i += blockDim.x)
            reinterpret_cast<uint4*>(table)[i] = __ldg(from + i);
    }
    // `two` holds the uniform in its upper or lower half.
    template <bool upper>
    __device__ __forceinline__ static std::int32_t half_code(const char* table, std::int32_t s,
                                                             std::uint32_t two) {
        const std::uint32_t at = static_cast<std::uint32_t>(s) * (cell_columns * 4) |
                                 TileCell::column_offset<upper>(two);
        return TileCell::code<upper>(*reinterpret_cast<const std::uint32_t*>(table + at), two);
    }
    __device__ __forceinline__ std::int32_t code(int j, std::int32_t s, std::uint32_t u) const {
        return half_code<false>(
            in_shared ? first : reinterpret_cast<const char*>(view.tile_cells[j]), s, u);
    }
    template <int bits>
    __device__ __forceinline__ std::int32_t column(const std::int32_t (&ones)[bits],
                                                   const PhiloxWords& words,
                                                   std::int32_t sign) const {
        return weighed_codes<bits>(
            sign, [&]<int j>() { return half_code<j % 2 == 1>(first, ones[j], words.w[j / 2]); });
    }
};

// Cells in shared memory for sums and codes of eight bits.
struct ByteTableSampler {
    static constexpr bool draws = true, lean = true;
    const char* shared;

    __device__ ByteTableSampler(const ConversionView&, const std::uint32_t* table)
        : shared(reinterpret_cast<const char*>(table)) {}
    __device__ static void load(const ConversionView& v, std::uint32_t* table) {
        TableSampler<true>::load(v, table);
    }
    // weight*code added to `sum`; `columns` as ByteCell::columns(two).
    template <bool upper>
    __device__ __forceinline__ std::uint32_t add(std::uint32_t sum, std::uint32_t weight,
                                                 std::int32_t s, std::uint32_t two,
                                                 std::uint32_t columns) const {
        // Bytes from the lowest: four times the column, the sum, the zeros above the sum.
        const std::uint32_t at =
            __byte_perm(columns, static_cast<std::uint32_t>(s), upper ? 0x5543u : 0x5541u);
        const std::uint32_t entry = *reinterpret_cast<const std::uint32_t*>(shared + at);
        return __dp4a(entry, ByteCell::second<upper>(entry, two) ? weight << 8 : weight, sum);
    }
    __device__ __forceinline__ std::int32_t code(int, std::int32_t s, std::uint32_t u) const {
        return static_cast<std::int32_t>(add<false>(0, 1, s, u, ByteCell::columns(u)));
    }
    template <int bits>
    __device__ __forceinline__ std::int32_t column(const std::int32_t (&ones)[bits],
                                                   const PhiloxWords& words,
                                                   std::int32_t sign) const {
        std::uint32_t sum = 0, last = 0;
#pragma unroll
        for (int i = 0; i < bits / 2; ++i) {
            const std::uint32_t two = words.w[i], columns = ByteCell::columns(two);
            sum = add<false>(sum, 1u << (2 * i), ones[2 * i], two, columns);
            std::uint32_t& to = i == bits / 2 - 1 ? last : sum;
            to = add<true>(to, 2u << (2 * i), ones[2 * i + 1], two, columns);
        }
        return static_cast<std::int32_t>(sum) + sign * static_cast<std::int32_t>(last);
    }
};

// One layout of cells for every sum, whose codes ascend with u in `side` steps below the middle and
// as many above (find_thresholds() in packed_layer.hpp): code = clip(s - side + thresholds at or
// below u). Two conversions at a time in the halves of a word, by instructions that Hopper brought.
template <int side>
struct ThresholdSampler {
    static constexpr bool draws = true, lean = true;
    static constexpr std::uint32_t both = 0x10001u;
    std::uint32_t low_cut[side], low_add[side], high_cut[side], high_add[side];
    std::uint32_t top;

    __device__ ThresholdSampler(const ConversionView& v, const std::uint32_t*)
        : top(both * static_cast<std::uint32_t>(v.law[0].scale.code_max + side)) {
        for (int i = 0; i < side; ++i) {
            // Uniforms and thresholds as signed halves, u - 32768.
            const std::int32_t low = v.threshold[i] - 32768, high = v.threshold[side + i] - 32769;
            low_cut[i] = halves(low);
            low_add[i] = halves(1 - low);
            high_cut[i] = halves(high);
            high_add[i] = halves(-high);
        }
    }
    __device__ static std::uint32_t halves(std::int32_t x) {
        return both * (static_cast<std::uint32_t>(x) & 0xFFFFu);
    }
    __device__ static void load(const ConversionView&, std::uint32_t*) {}

    // Codes of two sums below 2^15, packed as the uniforms are. No half overflows: cut first, a
    // difference is at most 32768 in magnitude.
    __device__ __forceinline__ std::uint32_t codes(std::uint32_t s, std::uint32_t two) const {
        const std::uint32_t u = two ^ 0x80008000u;
#pragma unroll
        for (int i = 0; i < side; ++i) {
            s += __viaddmax_s16x2(__vmins2(u, low_cut[i]), low_add[i], 0u);
            s += __viaddmin_s16x2(__vmaxs2(u, high_cut[i]), high_add[i], both);
        }
        return __viaddmax_s16x2(__vmins2(s, top), halves(-side), 0u);
    }
    __device__ __forceinline__ std::int32_t code(int, std::int32_t s, std::uint32_t u) const {
        return static_cast<std::int32_t>(codes(static_cast<std::uint32_t>(s), u) & 0xFFFFu);
    }
    // Codes are below 512, so that a half holds sum of 4^i c_i of four of them.
    template <int bits>
    __device__ __forceinline__ std::int32_t column(const std::int32_t (&ones)[bits],
                                                   const PhiloxWords& words,
                                                   std::int32_t sign) const {
        constexpr int top_pair = bits / 2 - 1;
        std::uint32_t sum = 0, pair = 0;
#pragma unroll
        for (int i = top_pair; i >= 0; --i) {
            const std::uint32_t s = static_cast<std::uint32_t>(ones[2 * i + 1]) * 65536u +
                                    static_cast<std::uint32_t>(ones[2 * i]);
            pair = i == top_pair ? codes(s, words.w[i]) : pair;
            sum = i == top_pair ? pair : sum * 4 + codes(s, words.w[i]);
        }
        const auto last = static_cast<std::int32_t>(pair >> 16);
        return static_cast<std::int32_t>((sum & 0xFFFFu) + 2 * (sum >> 16)) +
               (sign - 1) * (1 << (bits - 1)) * last;
    }
};

// Noise-free: one code for every sum.
struct LutSampler {
    static constexpr bool draws = false, lean = false;
    const ConversionView& view;
    const std::uint16_t* first;  // codes of cycle 0

    __device__ LutSampler(const ConversionView& v, const std::uint32_t*)
        : view(v), first(v.law[0].codes) {}
    __device__ static void load(const ConversionView&, std::uint32_t*) {}
    __device__ __forceinline__ std::int32_t code(int j, std::int32_t s, std::uint32_t) const {
        return __ldg(view.law[j].codes + s);
    }
    template <int bits>
    __device__ __forceinline__ std::int32_t column(const std::int32_t (&ones)[bits],
                                                   const PhiloxWords&, std::int32_t sign) const {
        return weighed_codes<bits>(
            sign, [&]<int j>() { return static_cast<std::int32_t>(__ldg(first + ones[j])); });
    }
};

}  // namespace acim
