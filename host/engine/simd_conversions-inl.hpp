// SPDX-License-Identifier: Apache-2.0
// All conversions of a layer; included once per instruction set by simd_loops.cpp. Per row group
// three passes over a block that stays in the first-level cache: sums, codes, and here A and D, a
// 16-bit multiply-add of codes with place values, shifted per quad.
#if defined(ACIM_SIMD_CONVERSIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CONVERSIONS_INL
#undef ACIM_SIMD_CONVERSIONS_INL
#else
#define ACIM_SIMD_CONVERSIONS_INL
#endif

#include "host/engine/simd_codes-inl.hpp"
#include "host/engine/simd_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
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
#if HWY_TARGET == HWY_AVX3_DL
    const ShiftRegisters shifts(layer.shift_table);
#endif
    const std::size_t x_stride = static_cast<std::size_t>(layer.bits) * layer.words;
    const std::size_t w_stride = static_cast<std::size_t>(layer.planes) * layer.words;
    for (int g = 0; g < layer.groups; ++g) {
        const std::uint64_t* x =
            job.inputs + (static_cast<std::size_t>(pixel) * layer.groups + g) * x_stride;
        const std::uint64_t* w =
            layer.weights[(static_cast<std::size_t>(g) * layer.blocks + block_index) * w_stride]
                .lane +
            first;
        Sums(job, w, x, layer.group_words[g], block);
        switch (layer.sampler) {
            case Sampler::table_shift:
#if HWY_TARGET == HWY_AVX3_DL
                SampleTable(
                    job, elements, element, g, round_keys, block,
                    [&](int quad, V64 s, V64 u) { return LookupShift(layer, shifts, quad, s, u); });
                break;
#endif
            case Sampler::table_narrow:
                SampleTable(
                    job, elements, element, g, round_keys, block,
                    [&](int quad, V64 s, V64 u) { return Lookup<true>(layer, quad, s, u); });
                break;
            case Sampler::table_wide:
                SampleTable(
                    job, elements, element, g, round_keys, block,
                    [&](int quad, V64 s, V64 u) { return Lookup<false>(layer, quad, s, u); });
                break;
            case Sampler::lut:
                SampleLut(layer, block);
                break;
            case Sampler::fixed:
                break;
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
