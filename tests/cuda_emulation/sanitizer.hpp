// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// AddressSanitizer's interface, or nothing in builds without it.
#if defined(__SANITIZE_ADDRESS__)
#define ACIM_EMULATION_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ACIM_EMULATION_ASAN 1
#endif
#endif

#if defined(ACIM_EMULATION_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace acim::emulation {

#if defined(ACIM_EMULATION_ASAN)
inline constexpr bool address_sanitizer = true;
inline void start_switch(void** fake_stack, const void* stack, std::size_t bytes) {
    __sanitizer_start_switch_fiber(fake_stack, stack, bytes);
}
inline void finish_switch(void* fake_stack, const void** stack, std::size_t* bytes) {
    __sanitizer_finish_switch_fiber(fake_stack, stack, bytes);
}
inline void forbid(const void* memory, std::size_t bytes) {
    __asan_poison_memory_region(memory, bytes);
}
inline void allow(const void* memory, std::size_t bytes) {
    __asan_unpoison_memory_region(memory, bytes);
}
#else
inline constexpr bool address_sanitizer = false;
inline void start_switch(void**, const void*, std::size_t) {}
inline void finish_switch(void*, const void**, std::size_t*) {}
inline void forbid(const void*, std::size_t) {}
inline void allow(const void*, std::size_t) {}
#endif

}  // namespace acim::emulation
