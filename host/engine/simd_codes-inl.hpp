// SPDX-License-Identifier: Apache-2.0
// From sums to ADC codes, quad by quad; included once per instruction set by simd_loops.cpp.
// One Philox call per lane and octet gives eight 16-bit uniforms in the order of the sums; a column
// of the table is found by gather, or in registers where the rows of the table are shifts of one
// another; the rare ESCAPE outcomes are put right by the scalar model.
#if defined(ACIM_SIMD_CODES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CODES_INL
#undef ACIM_SIMD_CODES_INL
#else
#define ACIM_SIMD_CODES_INL
#endif

#include "cuda/model/random/noise_key.hpp"
#include "host/engine/simd_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// Philox calls per lane that run in step, to hide the latency of the multiplications. 32-bit words
// live in 64-bit lanes; what lies above them is never read (philox.hpp holds the equations).
inline constexpr int calls_in_step = HWY_TARGET == HWY_AVX3_DL ? 4 : 2;

struct PhiloxCalls {
    V64 lo[calls_in_step], hi[calls_in_step];  // words 0 | 1 << 32 and 2 | 3 << 32 of each call
};

// What the draws of one block and row group have in common.
struct DrawPlace {
    V64 element;
    const std::uint32_t* elements;  // the same, lane by lane
    std::uint64_t group, image;
    const std::uint64_t* round_keys;
};

// Elements of the lanes of a block at one pixel.
struct LaneElements {
    std::uint32_t index[block_outputs];
    alignas(64) std::uint64_t wide[block_outputs] = {};

    LaneElements(const OutputMap& map, std::int64_t m0, int pixel) {
        for (std::size_t lane = 0; lane < hn::Lanes(D64()); ++lane)
            wide[lane] = index[lane] = static_cast<std::uint32_t>(
                map.first + (m0 + static_cast<std::int64_t>(lane)) * map.output_stride +
                pixel * map.pixel_stride);
    }
};

// Keys of Philox's ten rounds.
struct RoundKeys {
    std::uint64_t word[20];

    explicit RoundKeys(PhiloxKey key) {
        std::uint32_t k0 = key.k[0], k1 = key.k[1];
        for (int r = 0; r < 10; ++r, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
            word[2 * r] = k0;
            word[2 * r + 1] = k1;
        }
    }
};

// Word 1 of a counter, and what neighbours in k>>3 and in votes differ by.
inline constexpr std::uint64_t next_octet = std::uint64_t{1} << CounterWidths::group;
inline constexpr std::uint64_t next_vote = next_octet << CounterWidths::k;

// Counters of calls in step, words 0 and 1; words 2 and 3 are the image and the stream.
struct PhiloxCounters {
    V64 element[calls_in_step], place[calls_in_step];
};

HWY_INLINE PhiloxCalls CallsInStep(const PhiloxCounters& counters, std::uint64_t image,
                                   std::uint64_t stream,
                                   const std::uint64_t* HWY_RESTRICT round_keys) {
    const D64 d;
    const D32 d32;
    const auto m0 = hn::BitCast(d32, hn::Set(d, 0xD2511F53u));
    const auto m1 = hn::BitCast(d32, hn::Set(d, 0xCD9E8D57u));
    V64 c0[calls_in_step], c1[calls_in_step], c2[calls_in_step], c3[calls_in_step];
    for (int i = 0; i < calls_in_step; ++i) {
        c0[i] = counters.element[i];
        c1[i] = counters.place[i];
        c2[i] = hn::Set(d, image);
        c3[i] = hn::Set(d, stream);
    }
    HWY_UNROLL(10)
    for (int r = 0; r < 10; ++r) {
        const V64 k0 = hn::Set(d, round_keys[2 * r]), k1 = hn::Set(d, round_keys[2 * r + 1]);
        HWY_UNROLL(4)
        for (int i = 0; i < calls_in_step; ++i) {
            const V64 p = hn::MulEven(hn::BitCast(d32, c0[i]), m0);
            const V64 q = hn::MulEven(hn::BitCast(d32, c2[i]), m1);
            c0[i] = hn::Xor3(hn::ShiftRight<32>(q), c1[i], k0);
            c2[i] = hn::Xor3(hn::ShiftRight<32>(p), c3[i], k1);
            c1[i] = q;
            c3[i] = p;
        }
    }
    const auto join = [&](V64 low, V64 high) {
        return hn::BitCast(
            d, hn::OddEven(hn::BitCast(d32, hn::ShiftLeft<32>(high)), hn::BitCast(d32, low)));
    };
    PhiloxCalls out;
    for (int i = 0; i < calls_in_step; ++i) {
        out.lo[i] = join(c0[i], c1[i]);
        out.hi[i] = join(c2[i], c3[i]);
    }
    return out;
}

// Calls of one element whose word 1 is first, first + step, ...
HWY_INLINE PhiloxCalls CallsInStep(const DrawPlace& place, std::uint64_t stream,
                                   std::uint64_t first, std::uint64_t step) {
    PhiloxCounters counters;
    for (int i = 0; i < calls_in_step; ++i) {
        counters.element[i] = place.element;
        counters.place[i] = hn::Set(D64(), first + static_cast<std::uint64_t>(i) * step);
    }
    return CallsInStep(counters, place.image, stream, place.round_keys);
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
    return hn::BitCast(
        d, hn::Or(decode(entry_low, cell_low), hn::ShiftLeft<16>(decode(entry_high, cell_high))));
}

template <bool kNarrow>
struct GatherLookup {
    const SimdLayer& layer;
    HWY_INLINE V64 operator()(int quad, V64 s, V64 u) const {
        return Lookup<kNarrow>(layer, quad, s, u);
    }
};

#if HWY_TARGET == HWY_AVX3_DL
// The same codes without a gather (shift_table.hpp).
struct ShiftRegisters {
    __m512i column[2], low[2], high[2], top_class, code_max;

    explicit ShiftRegisters(const ShiftTable& t)
        : column{_mm512_load_si512(t.column), _mm512_load_si512(t.column + 32)},
          low{_mm512_load_si512(t.low), _mm512_load_si512(t.low + 32)},
          high{_mm512_load_si512(t.high), _mm512_load_si512(t.high + 32)},
          top_class(_mm512_set1_epi16(static_cast<short>(t.top_class))),
          code_max(_mm512_set1_epi16(static_cast<short>(t.code_max))) {}
};

HWY_INLINE V64 LookupShift(const SimdLayer& layer, const ShiftRegisters& t, int quad, V64 s,
                           V64 u) {
    const __m512i column =
        _mm512_permutex2var_epi16(t.column[0], _mm512_srli_epi16(u.raw, 10), t.column[1]);
    const __m512i cell = _mm512_and_si512(u.raw, _mm512_set1_epi16(cells_per_column - 1));
    const __m512i slot = _mm512_add_epi16(column, _mm512_min_epu16(s.raw, t.top_class));
    const __m512i low = _mm512_permutex2var_epi16(t.low[0], slot, t.low[1]);
    const __m512i high = _mm512_permutex2var_epi16(t.high[0], slot, t.high[1]);
    const __mmask32 above_low = _mm512_cmpgt_epu16_mask(cell, low);
    const __mmask32 above_high = _mm512_cmpgt_epu16_mask(cell, high);
    const __m512i lower = _mm512_srai_epi16(_mm512_slli_epi16(column, 5), 11);
    const __m512i upper = _mm512_srai_epi16(column, 11);
    const __mmask32 open = _mm512_mask_cmpneq_epi16_mask(above_low ^ above_high, lower, upper);
    if (HWY_UNLIKELY(open != 0)) return Lookup<true>(layer, quad, s, u);
    const __m512i code = _mm512_add_epi16(s.raw, _mm512_mask_blend_epi16(above_low, lower, upper));
    return V64{_mm512_max_epi16(_mm512_setzero_si512(), _mm512_min_epi16(code, t.code_max))};
}

struct ShiftLookup {
    const SimdLayer& layer;
    const ShiftRegisters& registers;
    HWY_INLINE V64 operator()(int quad, V64 s, V64 u) const {
        return LookupShift(layer, registers, quad, s, u);
    }
};
#endif

// Puts ESCAPE outcomes of one quad right.
HWY_NOINLINE void FixEscapes(const SimdJob& job, const DrawPlace& place, int quad,
                             std::uint32_t vote, V64 u, const std::uint64_t* counts,
                             std::uint64_t* codes) {
    const D64 d;
    alignas(64) std::uint64_t uniforms[block_outputs];
    hn::Store(u, d, uniforms);
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        for (int t = 0; t < 4; ++t) {
            const int k = 4 * quad + t;
            const auto draw = static_cast<std::uint32_t>(uniforms[lane] >> (16 * t) & 0xFFFF);
            if (draw >= job.layer->max_escape || k >= job.layer->conversions) continue;
            const auto s = static_cast<std::int64_t>(counts[lane] >> (16 * t) & 0xFFFF);
            const auto code = static_cast<std::int32_t>(codes[lane] >> (16 * t) & 0xFFFF);
            const auto right = static_cast<std::uint64_t>(
                escape_by_model(job, place.elements[lane], static_cast<std::uint32_t>(place.group),
                                k, vote, s, draw, code));
            codes[lane] = (codes[lane] & ~(std::uint64_t{0xFFFF} << (16 * t))) | right << (16 * t);
        }
    }
}

// Codes of one quad from its uniforms by a lookup(quad, counts, uniforms), escapes put right.
template <class QuadLookup>
struct TableCodes {
    const SimdJob& job;
    const DrawPlace& place;
    const Block& block;
    QuadLookup lookup;

    HWY_INLINE void operator()(int quad, V64 u, std::uint32_t vote,
                               std::uint64_t* HWY_RESTRICT codes) const {
        const D64 d;
        const D16 d16;
        const auto escape = hn::Set(d16, static_cast<std::uint16_t>(job.layer->max_escape));
        const std::uint64_t* counts = block.counts[quad];
        hn::Store(lookup(quad, hn::Load(d, counts), u), d, codes);
        if (HWY_UNLIKELY(!hn::AllFalse(d16, hn::Lt(hn::BitCast(d16, u), escape))))
            FixEscapes(job, place, quad, vote, u, counts, codes);
    }
};

// Draws of all octets, vote 0; to_codes(quad, uniforms, vote, codes) turns a quad into codes.
template <class ToCodes>
HWY_INLINE void SampleOctets(const SimdLayer& layer, const DrawPlace& place, std::uint64_t stream,
                             Block& block, const ToCodes& to_codes) {
    const int octets = layer.quads / 2;
    for (int octet = 0; octet < octets; octet += calls_in_step) {
        const PhiloxCalls r =
            CallsInStep(place, stream, place.group + static_cast<std::uint64_t>(octet) * next_octet,
                        next_octet);
        for (int call = 0; call < std::min(calls_in_step, octets - octet); ++call) {
            const int quad = 2 * (octet + call);
            to_codes(quad, r.lo[call], 0, block.codes[quad]);
            to_codes(quad + 1, r.hi[call], 0, block.codes[quad + 1]);
        }
    }
}

HWY_INLINE void SampleLut(const SimdLayer& layer, Block& block) {
    const D64 d;
    const D32 d32;
    const I32 i32;
    for (int quad = 0; quad < layer.quads; ++quad) {
        const auto s32 = hn::BitCast(d32, hn::Load(d, block.counts[quad]));
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
HWY_INLINE void SampleScalar(const SimdJob& job, const DrawPlace& place, Block& block) {
    const D64 d;
    const SimdLayer& layer = *job.layer;
    std::uint16_t s[max_quads * 4], c[max_quads * 4];
    for (std::size_t lane = 0; lane < hn::Lanes(d); ++lane) {
        for (int quad = 0; quad < layer.quads; ++quad) {
            std::memcpy(s + 4 * quad, &block.counts[quad][lane], 8);
            std::memcpy(c + 4 * quad, &block.codes[quad][lane], 8);
        }
        if (layer.sampler == Sampler::fixed)
            sample_fixed(job, place.elements[lane], static_cast<std::uint32_t>(place.group), s, c);
        for (const int k : layer.quiet) {
            const CycleLaw& law = *job.plan->rounding[job.plan->conversions[k].cycle];
            c[k] = law.codes()[s[k]];
        }
        for (int quad = 0; quad < layer.quads; ++quad)
            std::memcpy(&block.codes[quad][lane], c + 4 * quad, 8);
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
