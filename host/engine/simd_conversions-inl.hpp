// SPDX-License-Identifier: Apache-2.0
// All conversions of a layer; included once per instruction set by simd_loops.cpp. Per row group
// three passes over a block that stays in the first-level cache: counts, codes, and here A and D, a
// 16-bit multiply-add of codes with place values, shifted per quad.
#if defined(ACIM_SIMD_CONVERSIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CONVERSIONS_INL
#undef ACIM_SIMD_CONVERSIONS_INL
#else
#define ACIM_SIMD_CONVERSIONS_INL
#endif

#include "host/engine/simd_codes-inl.hpp"
#include "host/engine/simd_sums-inl.hpp"
#include "host/engine/simd_votes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// Sum over quads of 16-bit values times their weights, per lane; fits 32 bits (simd_pack.cpp).
HWY_INLINE hn::Vec<I64> Weighted(const SimdLayer& layer,
                                 const std::uint64_t (*HWY_RESTRICT values)[block_outputs],
                                 const QuadWeights& weights) {
    const D64 d;
    const I64 i64;
    const I32 i32;
    const I16 i16;
    auto sum = hn::Zero(i32);
    for (int quad = 0; quad < layer.quads; ++quad) {
        auto unused = hn::Zero(i32);
        const auto products = hn::ReorderWidenMulAccumulate(
            i32, hn::BitCast(i16, hn::Load(d, values[quad])),
            hn::BitCast(i16, hn::Set(d, weights.quad[quad])), hn::Zero(i32), unused);
        sum = hn::Add(sum, hn::ShiftLeftSame(products, weights.shift[quad]));
    }
    const auto pairs = hn::BitCast(i64, sum);
    return hn::Add(hn::ShiftRight<32>(hn::ShiftLeft<32>(pairs)), hn::ShiftRight<32>(pairs));
}

// A, D and the exact product of one pixel and block, still without what the inputs alone add.
struct LaneSums {
    hn::Vec<I64> analog, digital, exact;

    LaneSums() : analog(hn::Zero(I64())), digital(hn::Zero(I64())), exact(hn::Zero(I64())) {}

    HWY_INLINE void Add(const SimdLayer& layer, const Block& block) {
        analog = hn::Add(analog, Weighted(layer, block.codes, layer.code_weight));
        exact = hn::Add(exact, Weighted(layer, block.counts, layer.exact_weight));
        if (layer.digital_weight.any)
            digital = hn::Add(digital, Weighted(layer, block.counts, layer.digital_weight));
    }

    HWY_INLINE void Write(const SimdJob& job, int pixel, std::int64_t m0) const {
        const I64 i64;
        const SimdLayer& layer = *job.layer;
        alignas(64) std::int64_t a[block_outputs], d[block_outputs], e[block_outputs];
        hn::Store(analog, i64, a);
        hn::Store(digital, i64, d);
        hn::Store(exact, i64, e);
        const std::int64_t x = job.input_sums[pixel];
        for (std::size_t lane = 0; lane < hn::Lanes(i64); ++lane) {
            const std::int64_t m = m0 + static_cast<std::int64_t>(lane);
            if (m >= layer.outputs) break;
            const std::size_t at = static_cast<std::size_t>(m) * job.pixels + pixel;
            job.sums.analog[at] = a[lane];
            job.sums.digital[at] = layer.digital.apply(d[lane], x);
            job.sums.exact[at] = layer.exact.apply(e[lane], x);
        }
    }
};

// Codes of one row group from the laws that see the count alone.
HWY_INLINE void SampleLaw(const SimdJob& job, const DrawPlace& place,
                          [[maybe_unused]] const ShiftTable& shift_table, Block& block) {
    const SimdLayer& layer = *job.layer;
    const auto sample = [&](auto lookup) {
        Sample(layer, place, NoiseSource::code_table, job.place.layer, block,
               TableCodes<decltype(lookup)>{job, place, block, lookup});
    };
    switch (layer.sampler) {
        case Sampler::table_shift:
#if HWY_TARGET == HWY_AVX3_DL
        {
            const ShiftRegisters registers(shift_table);
            sample(ShiftLookup{layer, registers});
            break;
        }
#endif
        case Sampler::table_narrow:
            sample(GatherLookup<true>{layer});
            break;
        case Sampler::table_wide:
            sample(GatherLookup<false>{layer});
            break;
        case Sampler::lut:
            SampleLut(layer, block);
            break;
        case Sampler::fixed:
        case Sampler::chip_filter:
        case Sampler::chip_model:
            break;
    }
    if (layer.sampler == Sampler::fixed || !layer.quiet.empty()) SampleScalar(job, place, block);
}

// Counts of one row group, pixel and half block.
HWY_INLINE void Counts(const SimdJob& job, int pixel, int group, int block_index, std::size_t first,
                       Block& block) {
    const SimdLayer& layer = *job.layer;
    const std::size_t x_at = static_cast<std::size_t>(pixel) * layer.groups + group;
    const std::size_t w_at = static_cast<std::size_t>(group) * layer.blocks + block_index;
    const std::uint64_t* x = job.inputs + x_at * layer.bits * layer.words;
    const std::uint64_t* w = layer.weights[w_at * layer.columns * layer.words].lane + first;
    Sums(job, w, x, layer.group_words[group], block);
    if (layer.xnor) CentreCounts(layer, job.centre + x_at * layer.quads, block);
}

// All row groups of one pixel and the lanes [first, first + Lanes) of one block.
HWY_INLINE void RunLanes(const SimdJob& job, int pixel, int block_index, std::size_t first,
                         const std::uint64_t* round_keys, Block& block) {
    const D64 d;
    const SimdLayer& layer = *job.layer;
    const std::int64_t m0 = static_cast<std::int64_t>(block_index) * block_outputs + first;
    const LaneElements elements(job.map, m0, pixel);
    DrawPlace place{hn::Load(d, elements.wide), elements.index, 0, job.place.image, round_keys};
    LaneSums sums;
    for (int g = 0; g < layer.groups; ++g) {
        place.group = static_cast<std::uint64_t>(g);
        Counts(job, pixel, g, block_index, first, block);
        SampleLaw(job, place, layer.shift_table, block);
        sums.Add(layer, block);
    }
    sums.Write(job, pixel, m0);
}

void RunConversions(const SimdJob& job) {
    const D64 d;
    Block block;
    std::memset(&block, 0, sizeof block);
    const RoundKeys keys(job.place.key);
    for (int p = 0; p < job.pixels; ++p)
        for (int b = 0; b < job.layer->blocks; ++b)
            for (std::size_t first = 0; first < block_outputs; first += hn::Lanes(d))
                RunLanes(job, p, b, first, keys.word, block);
}

const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
