// SPDX-License-Identifier: Apache-2.0
// All conversions of a layer on one chip; included once per instruction set by simd_loops.cpp. As
// in simd_conversions-inl.hpp, but weights of eight bits a cell are eight times as large as bit
// planes: a tile of pixels shares a row group's while they stay in the first-level cache.
#if defined(ACIM_SIMD_CHIP_RUN_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_CHIP_RUN_INL
#undef ACIM_SIMD_CHIP_RUN_INL
#else
#define ACIM_SIMD_CHIP_RUN_INL
#endif

#include "host/engine/simd_chip-inl.hpp"
#include "host/engine/simd_conversions-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
inline constexpr int tile_pixels = 32;

struct ChipScratch {
    Block block;
    MismatchSums mismatch;
};

// Driven values of one pixel and row group.
HWY_INLINE const std::uint64_t* DrivenValues(const SimdJob& job, int pixel, int group) {
    const std::size_t at = static_cast<std::size_t>(pixel) * job.layer->groups + group;
    return reinterpret_cast<const std::uint64_t*>(job.driven) +
           at * job.layer->chip->chunks * job.layer->cycles;
}

// Asks for what the next pixel needs while this one's codes are made.
HWY_INLINE void FetchDriven(const SimdJob& job, int pixel, int group) {
    const std::uint64_t* x = DrivenValues(job, pixel, group);
    const int words = job.layer->chip->chunks * job.layer->cycles;
    for (int at = 0; at < words; at += block_outputs) hwy::Prefetch(x + at);
}

HWY_INLINE void ChipMismatches(const SimdJob& job, int pixel, int group, int block_index,
                               std::size_t first, MismatchSums& out) {
    const SimdLayer& layer = *job.layer;
    const ChipFilter& filter = *layer.chip;
    const std::size_t w_at = static_cast<std::size_t>(group) * layer.blocks + block_index;
    const std::uint64_t* w = filter.weights[w_at * layer.columns * filter.chunks].lane + first;
    Mismatches(layer, w, DrivenValues(job, pixel, group), filter.group_chunks[group], out);
}

template <bool kPlain>
HWY_INLINE void SampleFiltered(const ChipGroup& group, Block& block) {
    const SimdLayer& layer = *group.job.layer;
    if (group.filter.random) {
        Sample(layer, group.place, NoiseSource::chip_normal, group.job.place.layer, block,
               ChipCodes<true, kPlain>(group));
        return;
    }
    const ChipCodes<false, kPlain> to_codes(group);
    for (int quad = 0; quad < layer.quads; ++quad)
        to_codes(quad, hn::Zero(D64()), 0, block.codes[quad]);
}

// Codes of one row group of one pixel.
HWY_INLINE void SampleChip(const ChipGroup& group, Block& block) {
    const SimdLayer& layer = *group.job.layer;
    if (layer.sampler == Sampler::chip_model) {
        SampleModel(group, block);
    } else if (group.filter.edges.empty() && group.filter.sigma_at.empty()) {
        SampleFiltered<true>(group, block);
    } else {
        SampleFiltered<false>(group, block);
    }
    if (!layer.quiet.empty()) SampleScalar(group.job, group.place, block);
}

// Pixels [begin, end) of the lanes [first, first + Lanes) of one block.
HWY_INLINE void RunChipTile(const SimdJob& job, int begin, int end, int block_index,
                            std::size_t first, const std::uint64_t* round_keys,
                            ChipScratch& scratch) {
    const SimdLayer& layer = *job.layer;
    const ChipFilter& filter = *layer.chip;
    const std::int64_t m0 =
        static_cast<std::int64_t>(block_index) * block_outputs + static_cast<std::int64_t>(first);
    LaneSums sums[tile_pixels];
    for (int g = 0; g < layer.groups; ++g) {
        const std::size_t pairs =
            (static_cast<std::size_t>(g) * layer.blocks + block_index) * layer.quads * 2;
        for (int p = begin; p < end; ++p) {
            const LaneElements elements(job.map, m0, p);
            const DrawPlace place{hn::Load(D64(), elements.wide), elements.index,
                                  static_cast<std::uint64_t>(g), job.place.image, round_keys};
            Counts(job, p, g, block_index, first, scratch.block);
            if (filter.cells) {
                ChipMismatches(job, p, g, block_index, first, scratch.mismatch);
                if (p + 1 < end) FetchDriven(job, p + 1, g);
            }
            SampleChip({job, filter, place, scratch.block, scratch.mismatch, normal_sketch(), pairs,
                        first, static_cast<int>(m0)},
                       scratch.block);
            sums[p - begin].Add(layer, scratch.block);
        }
    }
    for (int p = begin; p < end; ++p) sums[p - begin].Write(job, p, m0);
}

void RunChip(const SimdJob& job) {
    ChipScratch scratch;
    std::memset(&scratch, 0, sizeof scratch);
    const RoundKeys keys(job.place.key);
    for (int b = 0; b < job.layer->blocks; ++b)
        for (int p = 0; p < job.pixels; p += tile_pixels)
            for (std::size_t first = 0; first < block_outputs; first += hn::Lanes(D64()))
                RunChipTile(job, p, std::min(p + tile_pixels, job.pixels), b, first, keys.word,
                            scratch);
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
