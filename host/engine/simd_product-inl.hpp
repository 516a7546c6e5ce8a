// SPDX-License-Identifier: Apache-2.0
// Vector loops of input packing and of the exact product; included once per instruction set by
// simd_loops.cpp.
#if defined(ACIM_SIMD_PRODUCT_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_PRODUCT_INL
#undef ACIM_SIMD_PRODUCT_INL
#else
#define ACIM_SIMD_PRODUCT_INL
#endif

#include "host/engine/simd_bytes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Bit planes of 64 values: word b holds bit b of value r in bit r.
HWY_INLINE void PackWord(const std::int16_t* HWY_RESTRICT values, int bits, int words,
                         std::uint64_t* HWY_RESTRICT out) {
    const hn::CappedTag<std::uint16_t, 32> d;
    const std::size_t lanes = hn::Lanes(d);
    for (int b = 0; b < bits; ++b) {
        const auto mask = hn::Set(d, static_cast<std::uint16_t>(1u << b));
        std::uint64_t word = 0;
        for (std::size_t r = 0; r < 64; r += lanes) {
            const auto v = hn::LoadU(d, reinterpret_cast<const std::uint16_t*>(values) + r);
            std::uint8_t bytes[8] = {};
            hn::StoreMaskBits(d, hn::TestBit(v, mask), bytes);
            std::uint64_t part;
            std::memcpy(&part, bytes, sizeof part);
            word |= part << r;
        }
        out[static_cast<std::size_t>(b) * words] = word;
    }
}

void PackInputs(const SimdLayer& layer, const LayerPlan& plan, int pixels,
                const std::int16_t* HWY_RESTRICT rows, std::uint64_t* HWY_RESTRICT packed) {
    alignas(64) std::int16_t padded[64];
    for (int p = 0; p < pixels; ++p) {
        const std::int16_t* row = rows + static_cast<std::size_t>(p) * plan.depth;
        for (int g = 0; g < layer.groups; ++g) {
            const int begin = g * plan.group_rows;
            const int length = std::min(plan.group_rows, plan.depth - begin);
            for (int q = 0; q < layer.group_words[g]; ++q) {
                const int left = std::min(64, length - 64 * q);
                const std::int16_t* values = row + begin + 64 * q;
                if (left < 64) {
                    std::memset(padded, 0, sizeof padded);
                    std::memcpy(padded, values, static_cast<std::size_t>(left) * 2);
                    values = padded;
                }
                PackWord(values, layer.bits, layer.words, packed + q);
            }
            packed += static_cast<std::size_t>(layer.bits) * layer.words;
        }
    }
}

// Dot products of one row of inputs with kOutputs rows of weights. Depths up to 2^14 keep 32-bit
// sums exact: 2^14 * 2^7 * 2^9 = 2^30.
template <int kOutputs>
HWY_INLINE void Dots(const std::int16_t* HWY_RESTRICT x, const std::int16_t* HWY_RESTRICT w,
                     int padded_depth, std::int64_t* HWY_RESTRICT out) {
    const hn::ScalableTag<std::int16_t> d;
    const hn::Repartition<std::int32_t, decltype(d)> d32;
    const int lanes = static_cast<int>(hn::Lanes(d));
    constexpr int stretch = 1 << 14;
    for (int m = 0; m < kOutputs; ++m) out[m] = 0;
    for (int begin = 0; begin < padded_depth; begin += stretch) {
        const int end = std::min(begin + stretch, padded_depth);
        hn::Vec<decltype(d32)> low[kOutputs], high[kOutputs];
        for (int m = 0; m < kOutputs; ++m) low[m] = high[m] = hn::Zero(d32);
        for (int k = begin; k < end; k += lanes) {
            const auto xv = hn::LoadU(d, x + k);
            for (int m = 0; m < kOutputs; ++m)
                low[m] = hn::ReorderWidenMulAccumulate(
                    d32, xv, hn::LoadU(d, w + static_cast<std::size_t>(m) * padded_depth + k),
                    low[m], high[m]);
        }
        for (int m = 0; m < kOutputs; ++m)
            out[m] += hn::GetLane(hn::SumOfLanes(d32, hn::Add(low[m], high[m])));
    }
}

void RunProduct(const SimdJob& job, int depth, const std::int16_t* HWY_RESTRICT rows) {
    if (RunByteProduct(job, depth, rows)) return;
    const SimdLayer& layer = *job.layer;
    std::vector<std::int16_t> padded(static_cast<std::size_t>(layer.padded_depth));
    std::int64_t dots[4];
    for (int p = 0; p < job.pixels; ++p) {
        std::memcpy(padded.data(), rows + static_cast<std::size_t>(p) * depth,
                    static_cast<std::size_t>(depth) * 2);
        for (int m = 0; m < layer.outputs; m += 4) {
            const std::int16_t* w =
                layer.rows16.data() + static_cast<std::size_t>(m) * layer.padded_depth;
            Dots<4>(padded.data(), w, layer.padded_depth, dots);
            for (int i = 0; i < std::min(4, layer.outputs - m); ++i)
                job.sums.exact[static_cast<std::size_t>(m + i) * job.pixels + p] = dots[i];
        }
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
