// SPDX-License-Identifier: Apache-2.0
// M, the sum of q*w*x of every column and cycle; included once per instruction set by
// simd_loops.cpp. Lane = output, as in the counts: eight rows of an output, int8 weights times
// unsigned inputs, go into two 32-bit sums. A load of weights serves several cycles. No sum leaves
// 32 bits: 4096 rows * 127 * 255 < 2^31.
#if defined(ACIM_SIMD_MISMATCH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_MISMATCH_INL
#undef ACIM_SIMD_MISMATCH_INL
#else
#define ACIM_SIMD_MISMATCH_INL
#endif

#include "host/engine/chip_filter.hpp"
#include "host/engine/simd_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// Two partial sums of every conversion and output, conversions in order.
struct alignas(64) MismatchSums {
    std::uint64_t part[max_quads * 4][block_outputs];
};

// Eight products, summed into the two words of each lane. AVX-512 VNNI stands as assembly: for the
// intrinsic g++ copies every sum of a tile once per step, which takes two thirds more time, and the
// target's options that Highway sets do not name it although its choice of the target tests it.
HWY_INLINE V64 AddProducts(V64 sum, V64 x, V64 w) {
#if HWY_TARGET == HWY_AVX3_DL
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(w.raw));
    return sum;
#else
    const D64 d;
    const D16 d16;
    const I16 i16;
    const I32 i32;
    auto unused = hn::Zero(i32);
    const auto w16 = hn::BitCast(i16, w);
    const auto x16 = hn::BitCast(d16, x);
    auto out = hn::BitCast(i32, sum);
    out = hn::ReorderWidenMulAccumulate(i32, hn::BitCast(i16, hn::And(x16, hn::Set(d16, 0xFF))),
                                        hn::ShiftRight<8>(hn::ShiftLeft<8>(w16)), out, unused);
    out = hn::ReorderWidenMulAccumulate(i32, hn::BitCast(i16, hn::ShiftRight<8>(x16)),
                                        hn::ShiftRight<8>(w16), out, unused);
    return hn::BitCast(d, out);
#endif
}

// kColumns columns and kCycles cycles together. x: [chunks][cycles] words, w: [columns][chunks].
template <int kColumns, int kCycles>
HWY_INLINE void MismatchTile(const ChipFilter& filter, const std::uint64_t* HWY_RESTRICT w,
                             const std::uint64_t* HWY_RESTRICT x, int chunks, int cycles,
                             std::uint64_t (*HWY_RESTRICT out)[block_outputs]) {
    const D64 d;
    V64 sum[kColumns][kCycles];
    for (int i = 0; i < kColumns; ++i)
        for (int j = 0; j < kCycles; ++j) sum[i][j] = hn::Zero(d);
    const std::size_t column = static_cast<std::size_t>(filter.chunks) * block_outputs;
    for (int c = 0; c < chunks; ++c, x += cycles, w += block_outputs) {
        V64 weights[kColumns];
        for (int i = 0; i < kColumns; ++i) weights[i] = hn::Load(d, w + i * column);
        for (int j = 0; j < kCycles; ++j) {
            const V64 driven = hn::Set(d, x[j]);
            for (int i = 0; i < kColumns; ++i)
                sum[i][j] = AddProducts(sum[i][j], driven, weights[i]);
        }
    }
    for (int i = 0; i < kColumns; ++i)
        for (int j = 0; j < kCycles; ++j) hn::Store(sum[i][j], d, out[i * cycles + j]);
}

// One column, any number of cycles.
HWY_INLINE void MismatchColumn(const ChipFilter& filter, const std::uint64_t* w,
                               const std::uint64_t* x, int chunks, int cycles,
                               std::uint64_t (*out)[block_outputs]) {
    int j = 0;
    for (; j + 4 <= cycles; j += 4) MismatchTile<1, 4>(filter, w, x + j, chunks, cycles, out + j);
    for (; j < cycles; ++j) MismatchTile<1, 1>(filter, w, x + j, chunks, cycles, out + j);
}

HWY_INLINE void Mismatches(const SimdLayer& layer, const std::uint64_t* w, const std::uint64_t* x,
                           int chunks, MismatchSums& out) {
    const ChipFilter& filter = *layer.chip;
    const std::size_t column = static_cast<std::size_t>(filter.chunks) * block_outputs;
    int i = 0;
#if HWY_TARGET == HWY_AVX3_DL
    // Sixteen sums in registers; a load of inputs serves two columns.
    if (layer.cycles == 8)
        for (; i + 2 <= layer.columns; i += 2)
            MismatchTile<2, 8>(filter, w + i * column, x, chunks, 8, out.part + 8 * i);
#endif
    for (; i < layer.columns; ++i)
        MismatchColumn(filter, w + i * column, x, chunks, layer.cycles,
                       out.part + i * layer.cycles);
}

// M of conversions 4*quad + half and two further in the words of each lane.
HWY_INLINE hn::Vec<I32> PairMismatch(const MismatchSums& sums, int quad, int half) {
    const D64 d;
    const I32 i32;
    const V64 a = hn::Load(d, sums.part[4 * quad + half]);
    const V64 b = hn::Load(d, sums.part[4 * quad + half + 2]);
    const auto outer = hn::OddEven(hn::BitCast(i32, b), hn::BitCast(i32, a));
#if HWY_TARGET == HWY_AVX3_DL
    const V64 inner{_mm512_shrdi_epi64(a.raw, b.raw, 32)};
#else
    const V64 inner = hn::Or(hn::ShiftRight<32>(a), hn::ShiftLeft<32>(b));
#endif
    return hn::Add(outer, hn::BitCast(i32, inner));
}

// Eight rows of one cycle to bytes.
void PackDriven(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                const std::int16_t* HWY_RESTRICT rows, std::uint8_t* HWY_RESTRICT driven) {
    const hn::CappedTag<std::int16_t, 8> d;
    const hn::Rebind<std::uint8_t, decltype(d)> bytes;
    const ChipFilter& filter = *layer.chip;
    alignas(16) std::int16_t padded[8];
    for (int p = 0; p < pixels; ++p) {
        for (int g = 0; g < layer.groups; ++g) {
            const int begin = g * plan.group_rows;
            const int length = std::min(plan.group_rows, plan.depth - begin);
            const std::int16_t* row = rows + static_cast<std::size_t>(p) * plan.depth + begin;
            std::uint8_t* out = driven;
            for (int c = 0; c < filter.group_chunks[g]; ++c) {
                std::memset(padded, 0, sizeof padded);
                std::memcpy(padded, row + 8 * c,
                            static_cast<std::size_t>(std::min(8, length - 8 * c)) * 2);
                const auto x = hn::Load(d, padded);
                for (int j = 0; j < layer.cycles; ++j, out += 8) {
                    const auto mask =
                        hn::Set(d, static_cast<std::int16_t>((1 << plan.cycles.width[j]) - 1));
                    const auto value = hn::And(hn::ShiftRightSame(x, plan.cycles.low_bit[j]), mask);
                    hn::StoreU(hn::DemoteTo(bytes, value), bytes, out);
                }
            }
            driven += static_cast<std::size_t>(filter.chunks) * layer.cycles * 8;
        }
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
