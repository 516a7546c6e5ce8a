// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/macro/conversion.hpp"
#include "cuda/model/macro/events.hpp"

// One kernel for each function of path events, named probe_<function>, for the PTX scan.
using namespace acim;

extern "C" {

__global__ void probe_event_step(AdcScale scale, std::int64_t count, std::int32_t error,
                                 std::int64_t* out) {
    *out = event_step(scale, count, error);
}

__global__ void probe_event_count_call(PhiloxKey key, FreshPlace place, PhiloxWords* out) {
    *out = event_count_call(key, place);
}

__global__ void probe_may_have_events(EventLawView law, std::uint32_t top, bool* out) {
    *out = may_have_events(law, top);
}

__global__ void probe_upper_product(std::uint64_t a, std::uint64_t b, std::uint64_t* out) {
    *out = upper_product(a, b);
}

__global__ void probe_count_ones(std::uint64_t bits, std::uint32_t* out) {
    *out = count_ones(bits);
}

__global__ void probe_take(TakenConversions* taken, std::uint32_t* out) {
    *out = taken->take(*out);
}

__global__ void probe_taken_up_to(const TakenConversions* taken, std::uint32_t* out) {
    *out = taken->taken_up_to(*out);
}

__global__ void probe_event_draw_call(PhiloxKey key, FreshPlace place, PhiloxWords* out) {
    *out = event_draw_call(key, place, threadIdx.x);
}

__global__ void probe_event_error(EventLawView law, std::uint64_t u, std::int32_t* out) {
    *out = event_error(law, u);
}

__global__ void probe_next(EventLawView law, std::uint32_t top, PhiloxKey key, FreshPlace place,
                           std::int32_t* out) {
    for (auto events = BlockEvents(law, top, key, place); events.next();)
        *out++ = events.k ^ events.error;
}

}  // extern "C"
