// SPDX-License-Identifier: Apache-2.0
// Exact sums of all conversions of a block; included once per instruction set by simd_loops.cpp.
// Lane = output: a register holds the same conversion of 8 (AVX-512), 4 (AVX2) or 2 outputs of one
// pixel; four 16-bit sums to a 64-bit lane make a quad.
#if defined(ACIM_SIMD_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_SUMS_INL
#undef ACIM_SIMD_SUMS_INL
#else
#define ACIM_SIMD_SUMS_INL
#endif

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D64 = hn::CappedTag<std::uint64_t, block_outputs>;
using D32 = hn::Repartition<std::uint32_t, D64>;
using D16 = hn::Repartition<std::uint16_t, D64>;
using D8 = hn::Repartition<std::uint8_t, D64>;
using I64 = hn::Repartition<std::int64_t, D64>;
using I32 = hn::Repartition<std::int32_t, D64>;
using I16 = hn::Repartition<std::int16_t, D64>;
using V64 = hn::Vec<D64>;

inline constexpr std::size_t max_quads = (max_column_conversions + 7) / 8 * 2;
inline constexpr std::size_t lanes_bytes = 64;

// Counts and codes of one block and row group, quad-major.
struct alignas(64) Block {
    std::uint64_t counts[max_quads][block_outputs];
    std::uint64_t codes[max_quads][block_outputs];
};

// Ones in the AND of weight and input words, per lane.
template <int kWords>
HWY_INLINE V64 AndCount(const std::uint64_t* HWY_RESTRICT w, const std::uint64_t* HWY_RESTRICT x,
                        int words) {
    const D64 d;
    const int n = kWords > 0 ? kWords : words;
#if HWY_TARGET == HWY_AVX3_DL
    V64 sum = hn::PopulationCount(hn::And(hn::Load(d, w), hn::Set(d, x[0])));
    for (int q = 1; q < n; ++q)
        sum = hn::Add(sum, hn::PopulationCount(
                               hn::And(hn::Load(d, w + q * block_outputs), hn::Set(d, x[q]))));
    return sum;
#else
    // Without a 64-bit popcount it is cheaper to count bytes and to add them up once per 31 words.
    const D8 d8;
    V64 sum = hn::Zero(d);
    for (int begin = 0; begin < n; begin += 31) {
        auto bytes = hn::Zero(d8);
        for (int q = begin; q < std::min(n, begin + 31); ++q)
            bytes = hn::Add(
                bytes, hn::PopulationCount(hn::BitCast(
                           d8, hn::And(hn::Load(d, w + q * block_outputs), hn::Set(d, x[q])))));
        sum = hn::Add(sum, hn::SumsOf8(bytes));
    }
    return sum;
#endif
}

// Eight one-bit cycles: two quads per column, everything unrolled.
template <int kWords>
HWY_INLINE void SumsSerial8(const SimdLayer& layer, const std::uint64_t* HWY_RESTRICT w,
                            const std::uint64_t* HWY_RESTRICT x, int words, Block& block) {
    const D64 d;
    const int n = kWords > 0 ? kWords : words;
    for (int i = 0; i < layer.columns; ++i, w += layer.words * block_outputs) {
        for (int half = 0; half < 2; ++half) {
            const std::uint64_t* xh = x + half * 4 * layer.words;
            V64 quad = AndCount<kWords>(w, xh, n);
            quad = hn::Or(quad, hn::ShiftLeft<16>(AndCount<kWords>(w, xh + layer.words, n)));
            quad = hn::Or(quad, hn::ShiftLeft<32>(AndCount<kWords>(w, xh + 2 * layer.words, n)));
            quad = hn::Or(quad, hn::ShiftLeft<48>(AndCount<kWords>(w, xh + 3 * layer.words, n)));
            hn::Store(quad, d, block.counts[2 * i + half]);
        }
    }
}

// Any cycle layout.
HWY_INLINE void SumsGeneral(const SimdJob& job, const std::uint64_t* HWY_RESTRICT w,
                            const std::uint64_t* HWY_RESTRICT x, int words, Block& block) {
    const D64 d;
    const SimdLayer& layer = *job.layer;
    const CycleLayout& cycles = job.plan->cycles;
    V64 quad = hn::Zero(d);
    int k = 0;
    for (int i = 0; i < layer.columns; ++i, w += layer.words * block_outputs) {
        for (int j = 0; j < layer.cycles; ++j, ++k) {
            V64 s = hn::Zero(d);
            for (int b = 0; b < cycles.width[j]; ++b) {
                const std::uint64_t* xb = x + (cycles.low_bit[j] + b) * layer.words;
                s = hn::Add(s, hn::ShiftLeftSame(AndCount<0>(w, xb, words), b));
            }
            quad = hn::Or(quad, hn::ShiftLeftSame(s, 16 * (k & 3)));
            if ((k & 3) == 3) {
                hn::Store(quad, d, block.counts[k >> 2]);
                quad = hn::Zero(d);
            }
        }
    }
    for (; k < layer.quads * 4; k = (k | 3) + 1) {
        hn::Store(quad, d, block.counts[k >> 2]);
        quad = hn::Zero(d);
    }
}

// The sums s of driven values at stored ones.
HWY_INLINE void Sums(const SimdJob& job, const std::uint64_t* w, const std::uint64_t* x, int words,
                     Block& block) {
    if (!job.layer->serial8) return SumsGeneral(job, w, x, words, block);
    switch (words) {
        case 1:
            return SumsSerial8<1>(*job.layer, w, x, words, block);
        case 2:
            return SumsSerial8<2>(*job.layer, w, x, words, block);
        case 3:
            return SumsSerial8<3>(*job.layer, w, x, words, block);
        case 4:
            return SumsSerial8<4>(*job.layer, w, x, words, block);
        default:
            return SumsSerial8<0>(*job.layer, w, x, words, block);
    }
}

// From s to what the columns of xnor count: 2s + (FS - x).
HWY_INLINE void CentreCounts(const SimdLayer& layer, const std::uint64_t* HWY_RESTRICT centre,
                             Block& block) {
    const D64 d;
    const D16 d16;
    for (int quad = 0; quad < layer.quads; ++quad) {
        const auto s = hn::BitCast(d16, hn::Load(d, block.counts[quad]));
        const auto rest = hn::BitCast(d16, hn::Set(d, centre[quad]));
        hn::Store(hn::BitCast(d, hn::Add(hn::Add(s, s), rest)), d, block.counts[quad]);
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
