// SPDX-License-Identifier: Apache-2.0
// The exact product of bytes, where the machine multiplies four of them at a time; included once per
// instruction set by simd_loops.cpp. Lanes are outputs, so that no lane sums are left to add up.
#if defined(ACIM_SIMD_BYTES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_BYTES_INL
#undef ACIM_SIMD_BYTES_INL
#else
#define ACIM_SIMD_BYTES_INL
#endif

#include "host/engine/simd_mismatch-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3_DL
// Products of a few pixels with 16 outputs in each of kBlocks registers.
class ByteProduct {
public:
    ByteProduct(const SimdJob& job, int depth, const std::int16_t* rows)
        : job_(job),
          layer_(*job.layer),
          depth_(depth),
          steps_(layer_.padded_bytes / 4),
          rows_(rows),
          shift_(layer_.byte_shift),
          bytes_(static_cast<std::size_t>(pixels) * layer_.padded_bytes,
                 static_cast<std::uint8_t>(shift_)) {}

    void Run() {
        const int blocks = (layer_.outputs + block - 1) / block;
        for (int p = 0; p < job_.pixels; p += pixels) {
            const int count = std::min(pixels, job_.pixels - p);
            for (int i = 0; i < count; ++i) Load(p + i, i);
            int b = 0;
            for (; b + 2 <= blocks; b += 2) RunBlocks<2>(p, count, b);
            if (b < blocks) RunBlocks<1>(p, count, b);
        }
    }

private:
    static constexpr int pixels = 8, block = byte_outputs;

    // Inputs of one pixel as unsigned bytes, `shift` above their values.
    void Load(int pixel, int slot) {
        const std::int16_t* from = rows_ + static_cast<std::size_t>(pixel) * depth_;
        std::uint8_t* to = bytes_.data() + static_cast<std::size_t>(slot) * layer_.padded_bytes;
        for (int k = 0; k < depth_; ++k) to[k] = static_cast<std::uint8_t>(from[k] + shift_);
    }

    template <int kBlocks>
    HWY_INLINE void RunBlocks(int pixel, int count, int first) {
        const D64 d;
        V64 sum[kBlocks][pixels];
        for (auto& of_block : sum)
            for (V64& s : of_block) s = hn::Zero(d);
        const std::size_t size = static_cast<std::size_t>(steps_) * 4 * block;  // of a block
        const std::int8_t* w = layer_.bytes.data() + static_cast<std::size_t>(first) * size;
        for (int k = 0; k < steps_; ++k, w += 4 * block) {
            V64 weights[kBlocks];
            for (int b = 0; b < kBlocks; ++b)
                weights[b] = hn::BitCast(d, hn::LoadU(hn::Repartition<std::int8_t, D64>(),
                                                      w + static_cast<std::size_t>(b) * size));
            for (int i = 0; i < pixels; ++i) {
                std::uint32_t four;
                std::memcpy(&four, bytes_.data() + i * layer_.padded_bytes + 4 * k, sizeof four);
                const V64 x = hn::BitCast(d, hn::Set(D32(), four));
                for (int b = 0; b < kBlocks; ++b) sum[b][i] = AddProducts(sum[b][i], x, weights[b]);
            }
        }
        for (int b = 0; b < kBlocks; ++b) Store(sum[b], pixel, count, (first + b) * block);
    }

    HWY_INLINE void Store(const V64 (&sum)[pixels], int pixel, int count, int m0) const {
        alignas(64) std::int32_t values[pixels][block];
        for (int i = 0; i < pixels; ++i) hn::Store(hn::BitCast(I32(), sum[i]), I32(), values[i]);
        for (int m = 0; m < std::min(block, layer_.outputs - m0); ++m) {
            std::int64_t* to =
                job_.sums.exact.data() + static_cast<std::size_t>(m0 + m) * job_.pixels + pixel;
            const std::int64_t shifted = layer_.shifted[static_cast<std::size_t>(m0 + m)];
            for (int i = 0; i < count; ++i) to[i] = values[i][m] - shifted;
        }
    }

    const SimdJob& job_;
    const SimdLayer& layer_;
    int depth_, steps_;
    const std::int16_t* rows_;
    int shift_;
    std::vector<std::uint8_t> bytes_;  // [pixels][padded_bytes]
};
#endif

// False where there are no bytes, or no such instruction.
HWY_INLINE bool RunByteProduct([[maybe_unused]] const SimdJob& job, [[maybe_unused]] int depth,
                               [[maybe_unused]] const std::int16_t* rows) {
#if HWY_TARGET == HWY_AVX3_DL
    if (job.layer->bytes.empty()) return false;
    ByteProduct(job, depth, rows).Run();
    return true;
#else
    return false;
#endif
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
