// SPDX-License-Identifier: Apache-2.0
// Path events: which blocks have any; included once per instruction set by simd_loops.cpp. One Philox
// call per lane counts the events of four row groups, several pixels in step; the few blocks that
// have some are left to the scalar model.
#if defined(ACIM_SIMD_EVENTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ACIM_SIMD_EVENTS_INL
#undef ACIM_SIMD_EVENTS_INL
#else
#define ACIM_SIMD_EVENTS_INL
#endif

#include "host/engine/simd_codes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace acim::simd::HWY_NAMESPACE {
// Pixels in step, the lanes of one block, four row groups from 4*quad on.
struct EventPlace {
    int pixel = 0, quad = 0;
    std::int64_t m0 = 0;
};

// Blocks whose word is at most the limit of may_have_events().
HWY_INLINE void ScanLanes(const SimdJob& job, const EventPlace& at, const PhiloxCalls& calls) {
    const D64 d;
    const EventLawView law = job.plan->events->view();
    const SimdLayer& layer = *job.layer;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    alignas(64) std::uint64_t words[2][block_outputs];
    for (int i = 0; i < std::min(calls_in_step, job.pixels - at.pixel); ++i) {
        hn::Store(calls.lo[i], d, words[0]);
        hn::Store(calls.hi[i], d, words[1]);
        for (std::int64_t lane = 0; lane < std::min(lanes, layer.outputs - at.m0); ++lane) {
            for (int w = 0; w < std::min(4, layer.groups - 4 * at.quad); ++w) {
                const auto top = static_cast<std::uint32_t>(words[w / 2][lane] >> (w % 2 * 32));
                if (may_have_events(law, top))
                    add_block_events(job, static_cast<int>(at.m0 + lane), at.pixel + i,
                                     4 * at.quad + w, top);
            }
        }
    }
}

// True where some lane may have events.
HWY_INLINE bool AnyAtMost(const PhiloxCalls& calls, std::uint32_t limit) {
    const D32 d32;
    auto least = hn::Set(d32, ~0u);
    for (int i = 0; i < calls_in_step; ++i)
        least =
            hn::Min(least, hn::Min(hn::BitCast(d32, calls.lo[i]), hn::BitCast(d32, calls.hi[i])));
    return !hn::AllTrue(d32, hn::Gt(least, hn::Set(d32, limit)));
}

void RunEvents(const SimdJob& job) {
    const D64 d;
    const EventLawView law = job.plan->events->view();
    if (law.most == 0) return;
    const auto limit = static_cast<std::uint32_t>(law.at_least[0] >> 32);
    const SimdLayer& layer = *job.layer;
    const RoundKeys keys(job.place.key);
    const std::uint64_t stream = static_cast<std::uint64_t>(NoiseSource::event_count) |
                                 static_cast<std::uint64_t>(job.place.layer)
                                     << CounterWidths::source;
    EventPlace at;
    for (at.pixel = 0; at.pixel < job.pixels; at.pixel += calls_in_step) {
        for (at.m0 = 0; at.m0 < layer.outputs; at.m0 += static_cast<std::int64_t>(hn::Lanes(d))) {
            PhiloxCounters counters;
            for (int i = 0; i < calls_in_step; ++i)
                counters.element[i] = hn::Load(d, LaneElements(job.map, at.m0, at.pixel + i).wide);
            for (at.quad = 0; 4 * at.quad < layer.groups; ++at.quad) {
                for (auto& place : counters.place)
                    place = hn::Set(d, static_cast<std::uint64_t>(at.quad));
                const PhiloxCalls calls = CallsInStep(counters, job.place.image, stream, keys.word);
                if (AnyAtMost(calls, limit)) ScanLanes(job, at, calls);
            }
        }
    }
}

}  // namespace acim::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
