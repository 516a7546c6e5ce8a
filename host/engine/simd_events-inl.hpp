// SPDX-License-Identifier: Apache-2.0
// Path events; included once per instruction set by simd_loops.cpp. One Philox call per lane counts the
// events of four row groups, several pixels in step; the few blocks that have some are taken one by
// one.
#if defined(ACIM_SIMD_EVENTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_EVENTS_INL
#undef ACIM_SIMD_EVENTS_INL
#else
#define ACIM_SIMD_EVENTS_INL
#endif

#include "host/engine/simd_codes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// One block: output m at a pixel, one row group.
struct EventBlock {
    int m, pixel, group;
};

// All blocks of a layer that has events.
class EventScan {
public:
    explicit EventScan(const SimdJob& job)
        : job_(job),
          plan_(*job.plan),
          layer_(*job.layer),
          law_(job.plan->events->view()),
          keys_(job.place.key) {}

    void Run() const {
        for (int pixel = 0; pixel < job_.pixels; pixel += calls_in_step)
            for (int m0 = 0; m0 < layer_.outputs; m0 += static_cast<int>(hn::Lanes(D64())))
                RunLanes(pixel, m0);
    }

private:
    // All row groups of pixels in step and the lanes of a block.
    HWY_INLINE void RunLanes(int pixel, int m0) const {
        const D64 d;
        const std::uint64_t stream = static_cast<std::uint64_t>(NoiseSource::event_count) |
                                     static_cast<std::uint64_t>(job_.place.layer)
                                         << CounterWidths::source;
        PhiloxCounters counters;
        for (int i = 0; i < calls_in_step; ++i)
            counters.element[i] = hn::Load(d, LaneElements(job_.map, m0, pixel + i).wide);
        for (int group = 0; group < layer_.groups; group += 4) {
            for (auto& place : counters.place)
                place = hn::Set(d, static_cast<std::uint64_t>(group / 4));
            const PhiloxCalls calls = CallsInStep(counters, job_.place.image, stream, keys_.word);
            for (int i = 0; i < calls_in_step; ++i) {
                ScanWords({m0, pixel + i, group}, calls.lo[i]);
                ScanWords({m0, pixel + i, group + 2}, calls.hi[i]);
            }
        }
    }

    // The blocks of two row groups a lane, from `first` on.
    HWY_INLINE void ScanWords(const EventBlock& first, V64 words) const {
        const D64 d;
        const D32 d32;
        const auto limit = static_cast<std::uint32_t>(law_.at_least[0] >> 32);
        const auto above = hn::Gt(hn::BitCast(d32, words), hn::Set(d32, limit));
        if (HWY_LIKELY(hn::AllTrue(d32, above)) || first.pixel >= job_.pixels) return;
        std::uint8_t bits[8] = {};
        hn::StoreMaskBits(d32, hn::Not(above), bits);
        alignas(64) std::uint64_t word[block_outputs];
        hn::Store(words, d, word);
        for (std::uint32_t left = bits[0] | static_cast<std::uint32_t>(bits[1]) << 8; left != 0;
             left &= left - 1) {
            const int at = std::countr_zero(left);
            const EventBlock block{first.m + at / 2, first.pixel, first.group + at % 2};
            if (block.m < layer_.outputs && block.group < layer_.groups)
                Add(block, static_cast<std::uint32_t>(word[at / 2] >> (at % 2 * 32)));
        }
    }

    HWY_INLINE void Add(const EventBlock& block, std::uint32_t top) const {
        const FreshPlace place{job_.map.element(block.m, block.pixel),
                               static_cast<std::uint32_t>(block.group), job_.place.image,
                               job_.place.layer};
        std::int64_t errors = 0;
        for (BlockEvents events(law_, top, job_.place.key, place); events.next();) {
            const ConversionPlan& c = plan_.conversions[static_cast<std::size_t>(events.k)];
            if (!c.is_noisy()) continue;
            errors +=
                c.weight * event_step(plan_.law[c.cycle]->scale(), Count(block, c), events.error);
        }
        job_.sums.analog[static_cast<std::size_t>(block.m) * job_.pixels + block.pixel] += errors;
    }

    // What the ADC of a column sees.
    HWY_INLINE std::int64_t Count(const EventBlock& block, const ConversionPlan& c) const {
        const std::size_t columns =
            (static_cast<std::size_t>(block.group) * layer_.blocks + block.m / block_outputs) *
            layer_.columns;
        const LaneWords* w = layer_.weights.data() + (columns + c.plane) * layer_.words;
        const std::size_t line =
            static_cast<std::size_t>(block.pixel) * layer_.groups + block.group;
        const std::uint64_t* x =
            job_.inputs + (line * layer_.bits + plan_.cycles.low_bit[c.cycle]) * layer_.words;
        const int lane = block.m % block_outputs, words = layer_.group_words[block.group];
        std::int64_t sum = 0, driven = 0;
        for (int b = 0; b < plan_.cycles.width[c.cycle]; ++b, x += layer_.words) {
            std::uint32_t ones = 0, all = 0;
            for (int i = 0; i < words; ++i) ones += count_ones(w[i].lane[lane] & x[i]);
            for (int i = 0; layer_.xnor && i < words; ++i) all += count_ones(x[i]);
            sum += std::int64_t{ones} << b;
            driven += std::int64_t{all} << b;
        }
        return plan_.count(c.cycle, sum, driven);
    }

    const SimdJob& job_;
    const LayerPlan& plan_;
    const SimdLayer& layer_;
    EventLawView law_;
    RoundKeys keys_;
};

void RunEvents(const SimdJob& job) { EventScan(job).Run(); }

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
