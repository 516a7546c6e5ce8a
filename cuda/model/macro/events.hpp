// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/random/noise_key.hpp"

// Path `events`: where codes rarely err and the error does not depend on the sum, the conversions
// that err are drawn instead of all codes. A block is the noisy conversions of one element and row
// group. The number of events in it follows the binomial law; each takes a conversion that none has
// taken yet, uniformly, and an error from the law of an error that is not 0. So neighbouring points
// share their events: more noise adds some and moves none.
namespace acim {

// The law of one block of conversions.
struct EventLawView {
    const std::uint64_t* at_least = nullptr;   // [most], falling: 2^64 P(i + 1 events or more)
    const std::uint64_t* error = nullptr;      // [errors], rising: 2^64 P(error <= first + i)
    const std::uint8_t* conversion = nullptr;  // [conversions] k of the block, ascending
    std::int32_t most = 0, errors = 0, first_error = 0, conversions = 0;
};

// The call that counts the events of row group `place.group`; it serves four of them.
ACIM_HD inline PhiloxWords event_count_call(PhiloxKey key, FreshPlace place) {
    place.group >>= 2;
    return philox4x32(fresh_counter(NoiseSource::event_count, place, 0, 0), key);
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

// Conversions of a block that have erred, a bit each.
struct TakenConversions {
    std::uint64_t bits[2] = {0, 0};

    // Takes the index-th of those that are left: the least p with p = index + those taken up to p.
    ACIM_HD std::uint32_t take(std::uint32_t index) {
        std::uint32_t p = index;
        for (;;) {
            const std::uint32_t next = index + up_to(p);
            if (next == p) break;
            p = next;
        }
        bits[p >> 6] |= std::uint64_t{1} << (p & 63u);
        return p;
    }

private:
    ACIM_HD std::uint32_t up_to(std::uint32_t p) const {
        const std::uint64_t last = ~std::uint64_t{0} >> (63u - (p & 63u));
        return p < 64 ? count_ones(bits[0] & last)
                      : count_ones(bits[0]) + count_ones(bits[1] & last);
    }
};

// Calls visit(k, error) for every event of a block: k is a conversion, once at most, and error the
// difference of its code before clipping [LSB]. `top` is the block's word of event_count_call(); the
// lower half of its uniform is word 0 of the first call here, whose upper half is event 0. Each
// call after it serves two events. Of an event's 64 bits times the conversions that are left, the
// upper half is the place and the lower half picks the error.
template <class Visit>
ACIM_HD inline void visit_events(const EventLawView& law, std::uint32_t top, PhiloxKey key,
                                 const FreshPlace& place, const Visit& visit) {
    PhiloxWords call = philox4x32(fresh_counter(NoiseSource::event_draw, place, 0, 0), key);
    const std::uint64_t count = std::uint64_t{top} << 32 | call.w[0];
    TakenConversions taken;
    for (std::int32_t i = 0; i < law.most && count < law.at_least[i]; ++i) {
        const auto half = static_cast<std::uint32_t>(i) + 1;
        if (i > 0 && half % 2 == 0)
            call = philox4x32(fresh_counter(NoiseSource::event_draw, place, half >> 1, 0), key);
        const std::uint64_t u = wide_uniform(call, half);
        const auto left = static_cast<std::uint64_t>(law.conversions - i);
        const std::uint32_t at = taken.take(static_cast<std::uint32_t>(upper_product(u, left)));
        const std::uint64_t rest = u * left;
        std::int32_t error = 0;
        while (error + 1 < law.errors && rest >= law.error[error]) ++error;
        visit(static_cast<std::int32_t>(law.conversion[at]), law.first_error + error);
    }
}

}  // namespace acim
