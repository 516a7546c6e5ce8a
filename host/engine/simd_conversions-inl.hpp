// SPDX-License-Identifier: Apache-2.0
// Vector loops of the conversions; included once per instruction set by simd_loops.cpp.
//
// Lane = output: a register holds the same conversion of 8 (AVX-512), 4 (AVX2) or 2 outputs of one
// pixel. Per row group three passes over a block that stays in the first-level cache:
//   sums   AND of weight and input words, popcount; four 16-bit sums to a 64-bit lane (a quad)
//   codes  one Philox call per lane and octet gives eight 16-bit uniforms in the order of the sums;
//          column lookup by gather; the rare ESCAPE outcomes are put right by the scalar model
//   A, D   16-bit multiply-add of codes with place values, shifted per quad
#if defined(ACIM_SIMD_CONVERSIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CONVERSIONS_INL
#undef ACIM_SIMD_CONVERSIONS_INL
#else
#define ACIM_SIMD_CONVERSIONS_INL
#endif

#include "cuda/model/random/noise_key.hpp"

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

inline constexpr std::size_t max_quads = (max_conversions + 7) / 8 * 2;
inline constexpr std::size_t lanes_bytes = 64;

// Sums and codes of one block and row group, quad-major.
struct alignas(64) Block {
    std::uint64_t sums[max_quads][block_outputs];
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
            bytes = hn::Add(bytes, hn::PopulationCount(hn::BitCast(
                                       d8, hn::And(hn::Load(d, w + q * block_outputs),
                                                   hn::Set(d, x[q])))));
        sum = hn::Add(sum, hn::SumsOf8(bytes));
    }
    return sum;
#endif
}

// Eight one-bit cycles: two quads per plane, everything unrolled.
template <int kWords>
HWY_INLINE void SumsSerial8(const SimdLayer& layer, const std::uint64_t* HWY_RESTRICT w,
                            const std::uint64_t* HWY_RESTRICT x, int words, Block& block) {
    const D64 d;
    const int n = kWords > 0 ? kWords : words;
    for (int i = 0; i < layer.planes; ++i, w += layer.words * block_outputs) {
        for (int half = 0; half < 2; ++half) {
            const std::uint64_t* xh = x + half * 4 * layer.words;
            V64 quad = AndCount<kWords>(w, xh, n);
            quad = hn::Or(quad, hn::ShiftLeft<16>(AndCount<kWords>(w, xh + layer.words, n)));
            quad = hn::Or(quad, hn::ShiftLeft<32>(AndCount<kWords>(w, xh + 2 * layer.words, n)));
            quad = hn::Or(quad, hn::ShiftLeft<48>(AndCount<kWords>(w, xh + 3 * layer.words, n)));
            hn::Store(quad, d, block.sums[2 * i + half]);
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
    for (int i = 0; i < layer.planes; ++i, w += layer.words * block_outputs) {
        for (int j = 0; j < layer.cycles; ++j, ++k) {
            V64 s = hn::Zero(d);
            for (int b = 0; b < cycles.width[j]; ++b) {
                const std::uint64_t* xb = x + (cycles.low_bit[j] + b) * layer.words;
                s = hn::Add(s, hn::ShiftLeftSame(AndCount<0>(w, xb, words), b));
            }
            quad = hn::Or(quad, hn::ShiftLeftSame(s, 16 * (k & 3)));
            if ((k & 3) == 3) {
                hn::Store(quad, d, block.sums[k >> 2]);
                quad = hn::Zero(d);
            }
        }
    }
    for (; k < layer.quads * 4; k = (k | 3) + 1) {
        hn::Store(quad, d, block.sums[k >> 2]);
        quad = hn::Zero(d);
    }
}

HWY_INLINE void Sums(const SimdJob& job, const std::uint64_t* w, const std::uint64_t* x, int words,
                     Block& block) {
    if (!job.layer->serial8) return SumsGeneral(job, w, x, words, block);
    switch (words) {
        case 1: return SumsSerial8<1>(*job.layer, w, x, words, block);
        case 2: return SumsSerial8<2>(*job.layer, w, x, words, block);
        case 3: return SumsSerial8<3>(*job.layer, w, x, words, block);
        case 4: return SumsSerial8<4>(*job.layer, w, x, words, block);
        default: return SumsSerial8<0>(*job.layer, w, x, words, block);
    }
}

// Two Philox calls per lane in step, to hide the latency of the multiplications. 32-bit words live
// in 64-bit lanes; what lies above them is never read (philox.hpp holds the equations).
struct PhiloxPair {
    V64 lo[2], hi[2];  // words 0 | 1 << 32 and 2 | 3 << 32 of either call
};

HWY_INLINE PhiloxPair TwoCalls(V64 element, std::uint64_t c1a, std::uint64_t c1b,
                               std::uint64_t image, std::uint64_t stream,
                               const std::uint64_t* HWY_RESTRICT round_keys) {
    const D64 d;
    const D32 d32;
    const auto m0 = hn::BitCast(d32, hn::Set(d, 0xD2511F53u));
    const auto m1 = hn::BitCast(d32, hn::Set(d, 0xCD9E8D57u));
    V64 a0 = element, a1 = hn::Set(d, c1a), a2 = hn::Set(d, image), a3 = hn::Set(d, stream);
    V64 b0 = element, b1 = hn::Set(d, c1b), b2 = a2, b3 = a3;
    for (int r = 0; r < 10; ++r) {
        const V64 k0 = hn::Set(d, round_keys[2 * r]), k1 = hn::Set(d, round_keys[2 * r + 1]);
        const V64 pa = hn::MulEven(hn::BitCast(d32, a0), m0);
        const V64 qa = hn::MulEven(hn::BitCast(d32, a2), m1);
        const V64 pb = hn::MulEven(hn::BitCast(d32, b0), m0);
        const V64 qb = hn::MulEven(hn::BitCast(d32, b2), m1);
        a0 = hn::Xor3(hn::ShiftRight<32>(qa), a1, k0);
        a2 = hn::Xor3(hn::ShiftRight<32>(pa), a3, k1);
        b0 = hn::Xor3(hn::ShiftRight<32>(qb), b1, k0);
        b2 = hn::Xor3(hn::ShiftRight<32>(pb), b3, k1);
        a1 = qa;
        a3 = pa;
        b1 = qb;
        b3 = pb;
    }
    const auto join = [&](V64 low, V64 high) {
        return hn::BitCast(d, hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(high)),
                                          hn::BitCast(d32, low)));
    };
    return {{join(a0, a1), join(b0, b1)}, {join(a2, a3), join(b2, b3)}};
}

// Codes of one quad from the tables (CodeCell): the compare needs no mask because the bits below
// the split are smaller than one cell.
template <bool kNarrow>
HWY_INLINE V64 Lookup(const SimdLayer& layer, int quad, V64 s, V64 u) {
    const D64 d;
    const D32 d32;
    const D16 d16;
    const I32 i32;
    const auto half = hn::Set(d32, 0xFFFFu);
    const auto u32 = hn::BitCast(d32, u);
    hn::Vec<D32> low, high;
    if constexpr (kNarrow) {
        const auto index = hn::BitCast(d32, hn::Or(hn::ShiftLeft<6>(hn::BitCast(d16, s)),
                                                   hn::ShiftRight<10>(hn::BitCast(d16, u))));
        low = hn::And(index, half);
        high = hn::ShiftRight<16>(index);
    } else {
        const auto s32 = hn::BitCast(d32, s);
        const std::uint32_t* offset = layer.row_offset.data() + 4 * quad;
        const auto offset_low =
            hn::BitCast(d32, hn::Set(d, offset[0] | std::uint64_t{offset[2]} << 32));
        const auto offset_high =
            hn::BitCast(d32, hn::Set(d, offset[1] | std::uint64_t{offset[3]} << 32));
        low = hn::Or(hn::ShiftLeft<6>(hn::Add(hn::And(s32, half), offset_low)),
                     hn::And(hn::ShiftRight<10>(u32), hn::Set(d32, 63u)));
        high = hn::Or(hn::ShiftLeft<6>(hn::Add(hn::ShiftRight<16>(s32), offset_high)),
                      hn::ShiftRight<26>(u32));
    }
    const auto entry_low = hn::GatherIndex(d32, layer.table, hn::BitCast(i32, low));
    const auto entry_high = hn::GatherIndex(d32, layer.table, hn::BitCast(i32, high));
    const auto cell_low = hn::ShiftLeft<22>(u32);
    const auto cell_high = hn::And(hn::ShiftLeft<6>(u32), hn::Set(d32, 0xFFC00000u));
    const auto decode = [&](hn::Vec<D32> entry, hn::Vec<D32> cell) {
        const auto delta = hn::And(hn::ShiftRight<CodeCell::code_bits>(entry), hn::Set(d32, 0xFFu));
        const auto step = hn::IfThenElseZero(hn::Gt(cell, entry), delta);
        return hn::And(hn::Add(entry, step), hn::Set(d32, 0x3FFFu));
    };
    return hn::BitCast(d, hn::Or(decode(entry_low, cell_low),
                                 hn::ShiftLeft<16>(decode(entry_high, cell_high))));
}

// Puts ESCAPE outcomes of one quad right.
HWY_NOINLINE void FixEscapes(const SimdJob& job, const std::uint32_t* elements, int group, int quad,
                             V64 u, const std::uint64_t* sums, std::uint64_t* codes) {
    const D64 d;
    alignas(64) std::uint64_t uniforms[block_outputs];
    hn::Store(u, d, uniforms);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        for (int t = 0; t < 4; ++t) {
            const int k = 4 * quad + t;
            const auto draw = static_cast<std::uint32_t>(uniforms[lane] >> (16 * t) & 0xFFFF);
            if (draw >= job.layer->max_escape || k >= job.layer->conversions) continue;
            const auto s = static_cast<std::int64_t>(sums[lane] >> (16 * t) & 0xFFFF);
            const auto code = static_cast<std::int32_t>(codes[lane] >> (16 * t) & 0xFFFF);
            const auto right = static_cast<std::uint64_t>(
                escape_by_model(job, elements[lane], static_cast<std::uint32_t>(group), k, s, draw,
                                code));
            codes[lane] = (codes[lane] & ~(std::uint64_t{0xFFFF} << (16 * t))) | right << (16 * t);
        }
    }
}

template <bool kNarrow>
HWY_INLINE void SampleTable(const SimdJob& job, const std::uint32_t* elements, V64 element,
                            int group, const std::uint64_t* round_keys, Block& block) {
    const D64 d;
    const D16 d16;
    const SimdLayer& layer = *job.layer;
    const auto escape = hn::Set(d16, static_cast<std::uint16_t>(layer.max_escape));
    const std::uint64_t c1 = static_cast<std::uint32_t>(group);
    const std::uint64_t stream = static_cast<std::uint32_t>(NoiseSource::code_table) |
                                 job.place.layer << CounterWidths::source;
    for (int octet = 0; octet < layer.quads / 2; octet += 2) {
        const auto call = static_cast<std::uint64_t>(octet);
        const PhiloxPair r = TwoCalls(element, c1 | call << CounterWidths::group,
                                      c1 | (call + 1) << CounterWidths::group, job.place.image,
                                      stream, round_keys);
        for (int which = 0; which < 2 && octet + which < layer.quads / 2; ++which) {
            for (int half = 0; half < 2; ++half) {
                const int quad = 2 * (octet + which) + half;
                const V64 u = half == 0 ? r.lo[which] : r.hi[which];
                const V64 s = hn::Load(d, block.sums[quad]);
                hn::Store(Lookup<kNarrow>(layer, quad, s, u), d, block.codes[quad]);
                if (HWY_UNLIKELY(!hn::AllFalse(d16, hn::Lt(hn::BitCast(d16, u), escape))))
                    FixEscapes(job, elements, group, quad, u, block.sums[quad], block.codes[quad]);
            }
        }
    }
}

HWY_INLINE void SampleLut(const SimdLayer& layer, Block& block) {
    const D64 d;
    const D32 d32;
    const I32 i32;
    for (int quad = 0; quad < layer.quads; ++quad) {
        const auto s32 = hn::BitCast(d32, hn::Load(d, block.sums[quad]));
        const std::uint32_t* offset = layer.row_offset.data() + 4 * quad;
        const auto offset_low =
            hn::BitCast(d32, hn::Set(d, offset[0] | std::uint64_t{offset[2]} << 32));
        const auto offset_high =
            hn::BitCast(d32, hn::Set(d, offset[1] | std::uint64_t{offset[3]} << 32));
        const auto low = hn::Add(hn::And(s32, hn::Set(d32, 0xFFFFu)), offset_low);
        const auto high = hn::Add(hn::ShiftRight<16>(s32), offset_high);
        const auto codes =
            hn::Or(hn::GatherIndex(d32, layer.table, hn::BitCast(i32, low)),
                   hn::ShiftLeft<16>(hn::GatherIndex(d32, layer.table, hn::BitCast(i32, high))));
        hn::Store(hn::BitCast(d, codes), d, block.codes[quad]);
    }
}

// The reference sampler, and ASiM's noise-free rounding: lane by lane.
HWY_INLINE void SampleScalar(const SimdJob& job, const std::uint32_t* elements, int group,
                             Block& block) {
    const D64 d;
    const SimdLayer& layer = *job.layer;
    std::uint16_t s[max_quads * 4], c[max_quads * 4];
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        for (int quad = 0; quad < layer.quads; ++quad) {
            std::memcpy(s + 4 * quad, &block.sums[quad][lane], 8);
            std::memcpy(c + 4 * quad, &block.codes[quad][lane], 8);
        }
        if (layer.sampler == Sampler::fixed)
            sample_fixed(job, elements[lane], static_cast<std::uint32_t>(group), s, c);
        for (const int k : layer.quiet) {
            const CycleLaw& law = *job.plan->rounding[job.plan->conversions[k].cycle];
            c[k] = law.codes()[s[k]];
        }
        for (int quad = 0; quad < layer.quads; ++quad)
            std::memcpy(&block.codes[quad][lane], c + 4 * quad, 8);
    }
}

// Sum over quads of 16-bit values times their weights, per lane; fits 32 bits (simd_kernel.cpp).
HWY_INLINE hn::Vec<I64> Weighted(const SimdLayer& layer,
                                 const std::uint64_t (*HWY_RESTRICT values)[block_outputs],
                                 const std::vector<std::uint64_t>& weights) {
    const D64 d;
    const I64 i64;
    const I32 i32;
    const I16 i16;
    auto sum = hn::Zero(i32);
    for (int quad = 0; quad < layer.quads; ++quad) {
        auto unused = hn::Zero(i32);
        const auto products = hn::ReorderWidenMulAccumulate(
            i32, hn::BitCast(i16, hn::Load(d, values[quad])),
            hn::BitCast(i16, hn::Set(d, weights[quad])), hn::Zero(i32), unused);
        sum = hn::Add(sum, hn::ShiftLeftSame(products, layer.shift[quad]));
    }
    const auto pairs = hn::BitCast(i64, sum);
    return hn::Add(hn::ShiftRight<32>(hn::ShiftLeft<32>(pairs)), hn::ShiftRight<32>(pairs));
}

// All row groups of one pixel and the lanes [first, first + Lanes) of one block.
HWY_INLINE void RunLanes(const SimdJob& job, int pixel, int block_index, std::size_t first,
                         const std::uint64_t* round_keys, Block& block) {
    const D64 d;
    const I64 i64;
    const SimdLayer& layer = *job.layer;
    alignas(64) std::uint64_t wide[block_outputs] = {};
    std::uint32_t elements[block_outputs];
    const std::int64_t m0 = static_cast<std::int64_t>(block_index) * block_outputs + first;
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        elements[lane] = static_cast<std::uint32_t>(
            job.map.first + (m0 + static_cast<std::int64_t>(lane)) * job.map.output_stride +
            pixel * job.map.pixel_stride);
        wide[lane] = elements[lane];
    }
    const V64 element = hn::Load(d, wide);
    auto analog = hn::Zero(i64), digital = hn::Zero(i64), exact = hn::Zero(i64);
    const std::size_t x_stride = static_cast<std::size_t>(layer.bits) * layer.words;
    const std::size_t w_stride = static_cast<std::size_t>(layer.planes) * layer.words;
    for (int g = 0; g < layer.groups; ++g) {
        const std::uint64_t* x =
            job.inputs + (static_cast<std::size_t>(pixel) * layer.groups + g) * x_stride;
        const std::uint64_t* w =
            layer.weights[(static_cast<std::size_t>(g) * layer.blocks + block_index) * w_stride].lane +
            first;
        Sums(job, w, x, layer.group_words[g], block);
        switch (layer.sampler) {
            case Sampler::table_narrow:
                SampleTable<true>(job, elements, element, g, round_keys, block);
                break;
            case Sampler::table_wide:
                SampleTable<false>(job, elements, element, g, round_keys, block);
                break;
            case Sampler::lut: SampleLut(layer, block); break;
            case Sampler::fixed: break;
        }
        if (layer.sampler == Sampler::fixed || !layer.quiet.empty())
            SampleScalar(job, elements, g, block);
        analog = hn::Add(analog, Weighted(layer, block.codes, layer.code_weight));
        exact = hn::Add(exact, Weighted(layer, block.sums, layer.exact_weight));
        if (layer.any_digital)
            digital = hn::Add(digital, Weighted(layer, block.sums, layer.digital_weight));
    }
    alignas(64) std::int64_t a[block_outputs], dg[block_outputs], e[block_outputs];
    hn::Store(analog, i64, a);
    hn::Store(digital, i64, dg);
    hn::Store(exact, i64, e);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        const std::int64_t m = m0 + static_cast<std::int64_t>(lane);
        if (m >= layer.outputs) break;
        const std::size_t at = static_cast<std::size_t>(m) * job.pixels + pixel;
        job.sums.analog[at] = a[lane];
        job.sums.digital[at] = dg[lane];
        job.sums.exact[at] = e[lane];
    }
}

void RunConversions(const SimdJob& job) {
    const D64 d;
    Block block;
    std::memset(&block, 0, sizeof block);
    std::uint64_t round_keys[20];
    std::uint32_t k0 = job.place.key.k[0], k1 = job.place.key.k[1];
    for (int r = 0; r < 10; ++r, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        round_keys[2 * r] = k0;
        round_keys[2 * r + 1] = k1;
    }
    for (int p = 0; p < job.pixels; ++p)
        for (int b = 0; b < job.layer->blocks; ++b)
            for (std::size_t first = 0; first < block_outputs; first += hn::Lanes(d))
                RunLanes(job, p, b, first, round_keys, block);
}

const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
