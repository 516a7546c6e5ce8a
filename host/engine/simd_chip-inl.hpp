// SPDX-License-Identifier: Apache-2.0
// Codes of path chip; included once per instruction set by simd_loops.cpp. Every conversion has its
// own column and ADC, so there is no table. A 32-bit float lane computes where the ADC sees the
// conversion and how far that may be from the declared double and integer expressions
// (chip_filter.hpp); a code that lies near an edge is made by the scalar model instead. The floats
// need not be reproducible, only bounded: fused or not, every instruction set gives equal codes.
#if defined(ACIM_SIMD_CHIP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CHIP_INL
#undef ACIM_SIMD_CHIP_INL
#else
#define ACIM_SIMD_CHIP_INL
#endif

#include "cuda/trial/normal_sketch.hpp"
#include "host/engine/chip_filter.hpp"
#include "host/engine/simd_codes-inl.hpp"
#include "host/engine/simd_mismatch-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
using F32 = hn::Repartition<float, D64>;
using VF = hn::Vec<F32>;
using VI = hn::Vec<I32>;

// A table of 32 floats at the five lowest bits of the index.
HWY_INLINE VF Lookup32(const float* HWY_RESTRICT table, VI index) {
    const F32 f;
#if HWY_TARGET == HWY_AVX3_DL
    return VF{
        _mm512_permutex2var_ps(hn::Load(f, table).raw, index.raw, hn::Load(f, table + 16).raw)};
#else
    const I32 i32;
    return hn::GatherIndex(f, table, hn::And(index, hn::Set(i32, NormalSketch::segments - 1)));
#endif
}

HWY_INLINE VF PairSet(const std::uint64_t* HWY_RESTRICT values, std::size_t pair) {
    return hn::BitCast(F32(), hn::Set(D64(), values[pair]));
}

// The normals of one pair and how far they may be off.
struct Normals {
    VF z, slack;
};

// turned: a 16-bit uniform with its top bit turned in the upper half of each word; what lies below
// does not matter.
HWY_INLINE Normals SketchNormals(const NormalSketch& sketch, VI turned) {
    const F32 f;
    const I32 i32;
    const auto x = hn::ConvertTo(f, hn::Or(hn::ShiftRight<15>(turned), hn::Set(i32, 1)));
    const auto p = hn::Sub(hn::Set(f, 65536.0F), hn::Abs(x));
    const auto segment = hn::ShiftRight<NormalSketch::index_shift>(hn::BitCast(i32, p));
    auto z = Lookup32(sketch.c[3], segment);
    for (int power = 2; power >= 0; --power)
        z = hn::MulAdd(z, p, Lookup32(sketch.c[power], segment));
    const auto sign = hn::And(hn::BitCast(i32, x), hn::Set(i32, std::int32_t(0x80000000u)));
    return {hn::BitCast(f, hn::Xor(hn::BitCast(i32, z), sign)), Lookup32(sketch.slack, segment)};
}

// One row group of one block and pixel: what its conversions have in common.
struct ChipGroup {
    const SimdJob& job;
    const ChipFilter& filter;
    const DrawPlace& place;
    const Block& block;
    const MismatchSums& mismatch;
    const NormalSketch& sketch;
    std::size_t pairs;  // first pair of the block in the filter's lines
    std::size_t first;  // first lane in the block
    int output;         // of that lane
};

// A quad with open codes: its uniforms as drawn, and where excess is above 0.
struct alignas(64) QuadDraw {
    std::uint64_t uniform[block_outputs];
    float excess[2][2 * block_outputs];
};

// Makes the open codes of one quad.
HWY_NOINLINE void FixOpen(const ChipGroup& group, int quad, std::uint32_t vote,
                          const QuadDraw& draw, std::uint64_t* codes) {
    const SimdJob& job = group.job;
    for (std::size_t lane = 0; lane < hn::Lanes(D64()); ++lane) {
        const int output = group.output + static_cast<int>(lane);
        if (output >= job.layer->outputs) break;
        const ChannelPlace place{group.place.elements[lane],
                                 static_cast<std::uint32_t>(group.place.group), output};
        for (int t = 0; t < 4; ++t) {
            const int k = 4 * quad + t;
            if (!(draw.excess[t & 1][2 * lane + t / 2] > 0.0F) || k >= job.layer->conversions)
                continue;
            std::int64_t m = 0;
            if (group.filter.cells) {
                const std::uint64_t part = group.mismatch.part[k][lane];
                m = std::int64_t{static_cast<std::int32_t>(part)} +
                    static_cast<std::int32_t>(part >> 32);
            }
            const auto count =
                static_cast<std::int64_t>(group.block.counts[quad][lane] >> (16 * t) & 0xFFFF);
            const auto top = static_cast<std::uint32_t>(draw.uniform[lane] >> (16 * t) & 0xFFFF);
            const auto code =
                static_cast<std::uint64_t>(chip_code_by_model(job, place, k, vote, count, m, top));
            codes[lane] = (codes[lane] & ~(std::uint64_t{0xFFFF} << (16 * t))) | code << (16 * t);
        }
    }
}

// Codes of a pair in the low halves of its words; those with excess above 0 are open.
struct PairCodes {
    VI code;
    VF excess;
};

// Codes of ideal ADCs: the nearest. What a position may be off by stands half an LSB lower. Adding
// 1.5*2^23 leaves no fraction bits and the code in the low half.
HWY_INLINE PairCodes NearestCodes(VF y, VF bound, VF top) {
    const F32 f;
    const auto magic = hn::Set(f, 12582912.0F);
    const auto held = hn::Min(hn::Max(y, hn::Zero(f)), top);
    const auto code = hn::Add(held, magic);
    const auto off = hn::Abs(hn::Sub(held, hn::Sub(code, magic)));
    return {hn::BitCast(I32(), code), hn::Add(off, bound)};
}

// Codes of ADCs with edges of their own, from the two edges around the position. Open where it may
// lie on the other side of one of them; an error within a cell's margin crosses no others.
HWY_INLINE PairCodes EdgeCodes(const EdgeCell* HWY_RESTRICT edges, VI row, VF y, VF bound, VF top) {
    const F32 f;
    const I32 i32;
    const auto limit = hn::Set(f, static_cast<float>(edge_room) - 0.5F);
    const auto steps = hn::Set(f, static_cast<float>(EdgeCell::steps));
    const auto held = hn::Min(hn::Max(y, hn::Neg(limit)), hn::Add(top, limit));
    const auto below = hn::Floor(held);
    const auto cell = hn::ConvertTo(i32, below);
    const auto place =
        hn::MulAdd(hn::Sub(held, below), steps, hn::Set(f, static_cast<float>(EdgeCell::margin)));
    const VI word = hn::GatherIndex(i32, &edges->word, hn::Add(row, cell));
    const auto mask = hn::Set(i32, EdgeCell::no_edge);
    const auto first =
        hn::Sub(place, hn::ConvertTo(f, hn::And(hn::ShiftRight<EdgeCell::field_bits>(word), mask)));
    const auto second = hn::Sub(place, hn::ConvertTo(f, hn::And(word, mask)));
    const VI offset = hn::ShiftRight<24>(word);
    const auto passed = [&](VF past) {
        return hn::IfThenElseZero(hn::RebindMask(i32, hn::Gt(past, hn::Zero(f))), hn::Set(i32, 1));
    };
    const auto code = hn::Add(hn::Add(cell, offset), hn::Add(passed(first), passed(second)));
    // Half a step of rounding and the float products' own.
    const auto needed =
        hn::MulAdd(bound, steps, hn::Set(f, 0.5F * static_cast<float>(EdgeCell::steps) + 0.55F));
    const auto room = hn::Min(hn::Min(hn::Abs(first), hn::Abs(second)),
                              hn::Set(f, static_cast<float>(EdgeCell::margin - 2)));
    const auto crowded = hn::RebindMask(f, hn::Eq(offset, hn::Set(i32, EdgeCell::crowded)));
    return {hn::Min(hn::Max(code, hn::Zero(i32)), hn::ConvertTo(i32, top)),
            hn::IfThenElse(crowded, hn::Set(f, 1.0F), hn::Sub(needed, room))};
}

// What a quad becomes, for Sample(). kPlain: ideal ADCs and one sigma per cycle.
template <bool kRandom, bool kPlain>
struct ChipCodes {
    const ChipGroup& group;
    const ChipFilter& filter;
    // Of the first pair of the group and lane.
    const float *offset, *slope;
    const std::uint64_t *sigma, *bound, *top;
    bool cells;

    explicit ChipCodes(const ChipGroup& g)
        : group(g),
          filter(g.filter),
          offset(g.filter.offset[g.pairs].lane[g.first]),
          slope(g.filter.slope[g.pairs].lane[g.first]),
          sigma(g.filter.sigma.data()),
          bound(g.filter.bound.data()),
          top(g.filter.top.data()),
          cells(g.filter.cells) {}

    HWY_INLINE PairCodes Pair(int quad, int half, VI turned) const {
        const F32 f;
        const I32 i32;
        const std::size_t pair = static_cast<std::size_t>(2 * quad + half);
        const std::size_t line = pair * 2 * block_outputs;
        const auto counts = hn::BitCast(i32, hn::Load(D64(), group.block.counts[quad]));
        const VI count =
            half == 0 ? hn::And(counts, hn::Set(i32, 0xFFFF)) : hn::ShiftRight<16>(counts);
        auto sum = hn::ConvertTo(f, count);
        if (cells)
            sum = hn::MulAdd(hn::Set(f, filter.mismatch),
                             hn::ConvertTo(f, PairMismatch(group.mismatch, quad, half)), sum);
        auto y = hn::MulAdd(hn::Load(f, slope + line), sum, hn::Load(f, offset + line));
        auto error = PairSet(bound, pair);
        auto spread = PairSet(sigma, pair);
        if (!kPlain && !filter.sigma_at.empty()) {
            const VI at = hn::Add(count, hn::BitCast(i32, hn::Set(D64(), filter.count_row[pair])));
            y = hn::Add(y, hn::GatherIndex(f, filter.shift_at.data(), at));
            spread = hn::GatherIndex(f, filter.sigma_at.data(), at);
        }
        if constexpr (kRandom) {
            const Normals normals =
                SketchNormals(group.sketch, half == 0 ? hn::ShiftLeft<16>(turned) : turned);
            y = hn::MulAdd(spread, normals.z, y);
            error = hn::MulAdd(spread, normals.slack, error);
        }
        const auto highest = PairSet(top, pair);
        if (kPlain || filter.edges.empty()) return NearestCodes(y, error, highest);
        const VI row = hn::Load(i32, filter.edge_row[group.pairs + pair].lane[group.first]);
        return EdgeCodes(filter.edges.data(), row, y, error, highest);
    }

    HWY_INLINE void operator()(int quad, V64 u, std::uint32_t vote,
                               std::uint64_t* HWY_RESTRICT codes) const {
        const F32 f;
        const D16 d16;
        const auto turned = hn::Xor(hn::BitCast(d16, u), hn::Set(d16, 0x8000));
        const PairCodes even = Pair(quad, 0, hn::BitCast(I32(), turned));
        const PairCodes odd = Pair(quad, 1, hn::BitCast(I32(), turned));
        const auto joined =
            hn::OddEven(hn::BitCast(d16, hn::ShiftLeft<16>(odd.code)), hn::BitCast(d16, even.code));
        hn::Store(hn::BitCast(D64(), joined), D64(), codes);
        if (HWY_UNLIKELY(!hn::AllFalse(f, hn::Gt(hn::Max(even.excess, odd.excess), hn::Zero(f))))) {
            QuadDraw draw;
            hn::Store(u, D64(), draw.uniform);
            hn::Store(even.excess, f, draw.excess[0]);
            hn::Store(odd.excess, f, draw.excess[1]);
            FixOpen(group, quad, vote, draw, codes);
        }
    }
};

// Every code by the scalar model, lane by lane.
HWY_INLINE void SampleModel(const ChipGroup& group, Block& block) {
    const SimdLayer& layer = *group.job.layer;
    std::uint16_t counts[max_quads * 4], codes[max_quads * 4] = {};
    std::int64_t mismatch[max_quads * 4] = {};
    for (std::size_t lane = 0; lane < hn::Lanes(D64()); ++lane) {
        const int output = group.output + static_cast<int>(lane);
        if (output >= layer.outputs) break;
        for (int quad = 0; quad < layer.quads; ++quad)
            std::memcpy(counts + 4 * quad, &block.counts[quad][lane], 8);
        if (group.filter.cells)
            for (int k = 0; k < layer.conversions; ++k) {
                const std::uint64_t part = group.mismatch.part[k][lane];
                mismatch[k] = std::int64_t{static_cast<std::int32_t>(part)} +
                              static_cast<std::int32_t>(part >> 32);
            }
        sample_channels(
            group.job,
            {group.place.elements[lane], static_cast<std::uint32_t>(group.place.group), output},
            counts, mismatch, codes);
        for (int quad = 0; quad < layer.quads; ++quad)
            std::memcpy(&block.codes[quad][lane], codes + 4 * quad, 8);
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
