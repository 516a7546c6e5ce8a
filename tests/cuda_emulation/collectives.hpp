// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>

#include "tests/cuda_emulation/meeting.hpp"
#include "tests/cuda_emulation/vector_types.hpp"

// Barriers and warp collectives; CUDA C++ Programming Guide, sections "Synchronization Functions",
// "Warp Vote Functions", "Warp Shuffle Functions" and "Warp Reduce Functions".
namespace acim::emulation {

inline int lane_index() {
    const unsigned row = threadIdx.z * blockDim.y + threadIdx.y;
    return static_cast<int>((row * blockDim.x + threadIdx.x) % 32);
}

// What one lane brings to a shuffle and takes from it.
template <class T>
struct Shuffled {
    Call call;
    T value;
    int source;
    T result;
};

template <class T>
T shuffle(const Call& call, std::uint32_t mask, T value, int source) {
    static_assert(std::is_arithmetic_v<T>);
    Shuffled<T> own{call, value, source, T{}};
    meet_warp(call, mask, &own, [](void* const* operands, std::uint32_t lanes) {
        for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
            auto& to = *static_cast<Shuffled<T>*>(operands[std::countr_zero(rest)]);
            if ((lanes >> to.source & 1) == 0)
                fail(to.call, "a lane reads lane " + std::to_string(to.source) +
                                  ", which is not in the mask");
            to.result = static_cast<const Shuffled<T>*>(operands[to.source])->value;
        }
    });
    return own.result;
}

// The values of all lanes of the mask, combined; every lane gets the result.
template <class T, class Combine>
T combine_lanes(const Call& call, std::uint32_t mask, T value, Combine) {
    meet_warp(call, mask, &value, [](void* const* operands, std::uint32_t lanes) {
        T all = *static_cast<const T*>(operands[std::countr_zero(lanes)]);
        for (std::uint32_t rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1)
            all = Combine{}(all, *static_cast<const T*>(operands[std::countr_zero(rest)]));
        for (std::uint32_t rest = lanes; rest != 0; rest &= rest - 1)
            *static_cast<T*>(operands[std::countr_zero(rest)]) = all;
    });
    return value;
}

inline std::uint32_t ballot(const Call& call, std::uint32_t mask, bool predicate) {
    const std::uint32_t own = predicate ? 1u << lane_index() : 0;
    return combine_lanes(call, mask, own, [](std::uint32_t a, std::uint32_t b) { return a | b; });
}

}  // namespace acim::emulation

// The place of the call, for functions whose last parameters these are.
#define ACIM_EMULATED_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(ACIM_EMULATED_PLACE) {
    acim::emulation::meet_block({"__syncthreads", {file, line}}, nullptr, nullptr);
}

inline void __syncwarp(unsigned mask = 0xffffffffu, ACIM_EMULATED_PLACE) {
    acim::emulation::meet_warp({"__syncwarp", {file, line}}, mask, nullptr, nullptr);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, ACIM_EMULATED_PLACE) {
    return acim::emulation::ballot({"__ballot_sync", {file, line}}, mask, predicate != 0);
}

inline int __any_sync(unsigned mask, int predicate, ACIM_EMULATED_PLACE) {
    return acim::emulation::ballot({"__any_sync", {file, line}}, mask, predicate != 0) != 0;
}

inline int __all_sync(unsigned mask, int predicate, ACIM_EMULATED_PLACE) {
    return acim::emulation::ballot({"__all_sync", {file, line}}, mask, predicate != 0) == mask;
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, ACIM_EMULATED_PLACE) {
    const int first = acim::emulation::lane_index() & ~(width - 1);
    return acim::emulation::shuffle({"__shfl_sync", {file, line}}, mask, value,
                                    first | (source & (width - 1)));
}

// The next three give a lane its own value where the source lies outside its part of the warp.
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, ACIM_EMULATED_PLACE) {
    const int lane = acim::emulation::lane_index(), last = lane | (width - 1);
    const int source = lane ^ lanes;
    return acim::emulation::shuffle({"__shfl_xor_sync", {file, line}}, mask, value,
                                    source > last ? lane : source);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, ACIM_EMULATED_PLACE) {
    const int lane = acim::emulation::lane_index(), first = lane & ~(width - 1);
    const int source = lane - static_cast<int>(delta);
    return acim::emulation::shuffle({"__shfl_up_sync", {file, line}}, mask, value,
                                    source < first ? lane : source);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, ACIM_EMULATED_PLACE) {
    const int lane = acim::emulation::lane_index(), last = lane | (width - 1);
    const int source = lane + static_cast<int>(delta);
    return acim::emulation::shuffle({"__shfl_down_sync", {file, line}}, mask, value,
                                    source > last ? lane : source);
}

// CUDA has the arithmetic ones for int and unsigned, the bitwise ones for unsigned.
#define ACIM_EMULATED_REDUCE(name, T, expression)                                        \
    inline T name(unsigned mask, T value, ACIM_EMULATED_PLACE) {                         \
        return acim::emulation::combine_lanes({#name, {file, line}}, mask, value,        \
                                              [](T a, T b) -> T { return expression; }); \
    }
ACIM_EMULATED_REDUCE(__reduce_add_sync, unsigned, a + b)
ACIM_EMULATED_REDUCE(__reduce_min_sync, unsigned, b < a ? b : a)
ACIM_EMULATED_REDUCE(__reduce_max_sync, unsigned, a < b ? b : a)
ACIM_EMULATED_REDUCE(__reduce_and_sync, unsigned, a& b)
ACIM_EMULATED_REDUCE(__reduce_or_sync, unsigned, a | b)
ACIM_EMULATED_REDUCE(__reduce_xor_sync, unsigned, a ^ b)
ACIM_EMULATED_REDUCE(__reduce_add_sync, int,
                     static_cast<int>(static_cast<unsigned>(a) + static_cast<unsigned>(b)))
ACIM_EMULATED_REDUCE(__reduce_min_sync, int, b < a ? b : a)
ACIM_EMULATED_REDUCE(__reduce_max_sync, int, a < b ? b : a)
#undef ACIM_EMULATED_REDUCE
