// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/random/noise_key.hpp"

// Path `events`: where codes rarely err and the error does not depend on the sum, the conversions
// that err are drawn instead of all codes. A block is all conversions of one element and row group.
// The number of events in it follows the binomial law; each takes a conversion that none has taken
// yet, uniformly, and an error from the law of an error that is not 0. What falls on a conversion
// without noise is dropped, so that digital levels move no event; nor does more noise, which adds
// some.
namespace acim {

// Errors of a code that path events tells apart: at up to 0.1941 LSB the third step is beyond what a
// uniform of 64 bits can name.
inline constexpr int event_errors = 8;

// The law of one block of conversions.
struct EventLawView {
    const std::uint64_t* at_least = nullptr;  // [most], falling: 2^64 P(i + 1 events or more)
    std::int32_t most = 0, conversions = 0;
    // Errors -below .. -1, 1 .. event_errors - below in this order: one lies beyond bound i if the
    // uniform is above it. Rising; 2^64 - 1 where nothing lies beyond.
    std::int32_t below = 0;
    std::uint64_t bound[event_errors - 1] = {};
};

// The call that counts the events of row group `place.group`; it serves four of them.
ACIM_HD inline PhiloxWords event_count_call(PhiloxKey key, FreshPlace place) {
    place.group >>= 2;
    return philox4x32(fresh_counter(NoiseSource::event_count, place, 0, 0), key);
}

// The call-th call of a block that may have events.
ACIM_HD inline PhiloxWords event_draw_call(PhiloxKey key, const FreshPlace& place,
                                           std::uint32_t call) {
    return philox4x32(fresh_counter(NoiseSource::event_draw, place, call, 0), key);
}

// Whether a block has events, as far as the upper half of its uniform says: a false yes is rare.
ACIM_HD inline bool may_have_events(const EventLawView& law, std::uint32_t top) {
    return law.most > 0 && top <= static_cast<std::uint32_t>(law.at_least[0] >> 32);
}

ACIM_HD inline std::uint64_t upper_product(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}

ACIM_HD inline std::uint32_t count_ones(std::uint64_t bits) {
#if defined(__CUDA_ARCH__)
    return static_cast<std::uint32_t>(__popcll(bits));
#else
    return static_cast<std::uint32_t>(__builtin_popcountll(bits));
#endif
}

// The error that a uniform picks, without a branch: signs are hard to foretell.
ACIM_HD inline std::int32_t event_error(const EventLawView& law, std::uint64_t u) {
    std::int32_t i = 0;
    for (const std::uint64_t bound : law.bound) i += u > bound ? 1 : 0;
    return i - law.below + (i >= law.below ? 1 : 0);
}

// Conversions of a block that have erred, a bit each.
static_assert(max_column_conversions <= 128);
struct TakenConversions {
    std::uint64_t bits[2] = {0, 0};

    // Takes the index-th of those that are left: the least p with p = index + those taken up to p.
    ACIM_HD std::uint32_t take(std::uint32_t index) {
        std::uint32_t p = index;
        for (;;) {
            const std::uint32_t next = index + taken_up_to(p);
            if (next == p) break;
            p = next;
        }
        bits[p >> 6] |= std::uint64_t{1} << (p & 63u);
        return p;
    }

    ACIM_HD std::uint32_t taken_up_to(std::uint32_t p) const {
        const std::uint64_t last = ~std::uint64_t{0} >> (63u - (p & 63u));
        return p < 64 ? count_ones(bits[0] & last)
                      : count_ones(bits[0]) + count_ones(bits[1] & last);
    }
};

// The events of one block, one after the other: conversion k, each at most once; if it is noisy, its
// code differs by `error` before clipping [LSB]. `top` is the block's word of event_count_call(). The
// lower half of that uniform is word 0 of the first call here, whose upper half is event 0; each call
// after it serves two events. Of an event's 64 bits times the conversions that are left, the upper
// half is the place and the lower half picks the error.
class BlockEvents {
public:
    ACIM_HD BlockEvents(const EventLawView& law, std::uint32_t top, PhiloxKey key,
                        const FreshPlace& place)
        : law_(law), key_(key), place_(place), call_(event_draw_call(key, place, 0)) {
        count_ = std::uint64_t{top} << 32 | call_.w[0];
    }

    // Goes to the next event; false after the last.
    ACIM_HD bool next() {
        if (done_ >= law_.most || count_ >= law_.at_least[done_]) return false;
        const auto half = static_cast<std::uint32_t>(done_) + 1;
        if (done_ > 0 && half % 2 == 0) call_ = event_draw_call(key_, place_, half >> 1);
        const std::uint64_t u = wide_uniform(call_, half);
        const auto left = static_cast<std::uint64_t>(law_.conversions - done_);
        k = static_cast<std::int32_t>(
            taken_.take(static_cast<std::uint32_t>(upper_product(u, left))));
        error = event_error(law_, u * left);
        ++done_;
        return true;
    }

    std::int32_t k = 0, error = 0;

private:
    const EventLawView& law_;
    PhiloxKey key_;
    const FreshPlace& place_;
    PhiloxWords call_;
    TakenConversions taken_;
    std::uint64_t count_ = 0;
    std::int32_t done_ = 0;
};

}  // namespace acim
