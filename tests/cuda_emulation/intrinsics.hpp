// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

// Functions of one thread; CUDA Math API, "Integer Intrinsics", and CUDA C++ Programming Guide,
// "Atomic Functions". One thread runs at a time, so atomics are plain updates.
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }

inline unsigned __brev(unsigned x) {
    unsigned reversed = 0;
    for (int bit = 0; bit < 32; ++bit) reversed |= (x >> bit & 1u) << (31 - bit);
    return reversed;
}

inline int __mulhi(int a, int b) {
    return static_cast<int>(static_cast<std::int64_t>(a) * b >> 32);
}
inline unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<unsigned long long>(static_cast<Wide>(a) * b >> 64);
}

// Bytes of {y, x} by the low three bits of each nibble; its top bit would replicate the sign.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
    const std::uint64_t bytes = static_cast<std::uint64_t>(y) << 32 | x;
    unsigned chosen = 0;
    for (int i = 0; i < 4; ++i) {
        const unsigned nibble = selector >> (4 * i) & 0xfu;
        unsigned byte = static_cast<unsigned>(bytes >> (8 * (nibble & 7u))) & 0xffu;
        if ((nibble & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xffu : 0u;
        chosen |= byte << (8 * i);
    }
    return chosen;
}

// The high or low word of {high, low}, shifted by the low five bits of `shift`.
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    const std::uint64_t both = static_cast<std::uint64_t>(high) << 32 | low;
    return static_cast<unsigned>(both << (shift & 31u) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    const std::uint64_t both = static_cast<std::uint64_t>(high) << 32 | low;
    return static_cast<unsigned>(both >> (shift & 31u));
}

// c + a*b over four signed or unsigned bytes, modulo 2^32.
inline int __dp4a(int a, int b, int c) {
    auto sum = static_cast<std::uint32_t>(c);
    for (int i = 0; i < 32; i += 8)
        sum += static_cast<std::uint32_t>(static_cast<std::int8_t>(a >> i) *
                                          static_cast<std::int8_t>(b >> i));
    return static_cast<int>(sum);
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
    for (int i = 0; i < 32; i += 8) c += (a >> i & 0xffu) * (b >> i & 0xffu);
    return c;
}

// Halves of a word, each on its own; CUDA Math API, "SIMD Intrinsics".
namespace acim::emulation {
template <class Half, class Combine>
unsigned by_halves(unsigned a, unsigned b, Combine combine) {
    auto half = [&](int shift) {
        const auto x = static_cast<Half>(a >> shift), y = static_cast<Half>(b >> shift);
        return static_cast<unsigned>(static_cast<std::uint16_t>(combine(x, y))) << shift;
    };
    return half(0) | half(16);
}
}  // namespace acim::emulation

#define ACIM_EMULATED_HALVES(name, Half, expression)                                            \
    inline unsigned name(unsigned x, unsigned y) {                                              \
        return acim::emulation::by_halves<Half>(x, y, [](int a, int b) { return expression; }); \
    }
ACIM_EMULATED_HALVES(__vadd2, std::uint16_t, a + b)
ACIM_EMULATED_HALVES(__vsub2, std::uint16_t, a - b)
ACIM_EMULATED_HALVES(__vminu2, std::uint16_t, b < a ? b : a)
ACIM_EMULATED_HALVES(__vmaxu2, std::uint16_t, a < b ? b : a)
ACIM_EMULATED_HALVES(__vmins2, std::int16_t, b < a ? b : a)
ACIM_EMULATED_HALVES(__vmaxs2, std::int16_t, a < b ? b : a)
#undef ACIM_EMULATED_HALVES

// DPX: max(a + b, c) and min(a + b, c) by signed halves. A sum that overflows ends the process,
// because what a GPU makes of it is not told.
namespace acim::emulation {
inline int sum_of_halves(int a, int b) {
    if (a + b < -32768 || a + b > 32767) std::abort();
    return a + b;
}
template <class Combine>
unsigned add_by_halves(unsigned a, unsigned b, unsigned c, Combine combine) {
    unsigned out = 0;
    for (const int shift : {0, 16}) {
        const auto half = [shift](unsigned x) {
            return int{static_cast<std::int16_t>(x >> shift)};
        };
        const int value = combine(sum_of_halves(half(a), half(b)), half(c));
        out |= static_cast<unsigned>(static_cast<std::uint16_t>(value)) << shift;
    }
    return out;
}
}  // namespace acim::emulation

inline unsigned __viaddmax_s16x2(unsigned a, unsigned b, unsigned c) {
    return acim::emulation::add_by_halves(a, b, c, [](int x, int y) { return x < y ? y : x; });
}
inline unsigned __viaddmin_s16x2(unsigned a, unsigned b, unsigned c) {
    return acim::emulation::add_by_halves(a, b, c, [](int x, int y) { return y < x ? y : x; });
}

template <class T>
T __ldg(const T* place) {
    return *place;
}

inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

inline void __threadfence() {}
inline void __threadfence_block() {}

#define ACIM_EMULATED_MIN_MAX(T)                        \
    constexpr T min(T a, T b) { return b < a ? b : a; } \
    constexpr T max(T a, T b) { return a < b ? b : a; }
ACIM_EMULATED_MIN_MAX(int)
ACIM_EMULATED_MIN_MAX(unsigned)
ACIM_EMULATED_MIN_MAX(long)
ACIM_EMULATED_MIN_MAX(unsigned long)
ACIM_EMULATED_MIN_MAX(long long)
ACIM_EMULATED_MIN_MAX(unsigned long long)
#undef ACIM_EMULATED_MIN_MAX

// Each returns what stood there before.
#define ACIM_EMULATED_ATOMIC(name, T, expression)        \
    inline T name(T* place, std::type_identity_t<T> b) { \
        const T a = *place;                              \
        *place = static_cast<T>(expression);             \
        return a;                                        \
    }
ACIM_EMULATED_ATOMIC(atomicAdd, int, static_cast<unsigned>(a) + static_cast<unsigned>(b))
ACIM_EMULATED_ATOMIC(atomicAdd, unsigned, a + b)
ACIM_EMULATED_ATOMIC(atomicAdd, unsigned long long, a + b)
ACIM_EMULATED_ATOMIC(atomicExch, int, (static_cast<void>(a), b))
ACIM_EMULATED_ATOMIC(atomicExch, unsigned, (static_cast<void>(a), b))
ACIM_EMULATED_ATOMIC(atomicOr, unsigned, a | b)
ACIM_EMULATED_ATOMIC(atomicAnd, unsigned, a& b)
ACIM_EMULATED_ATOMIC(atomicXor, unsigned, a ^ b)
ACIM_EMULATED_ATOMIC(atomicMax, int, a < b ? b : a)
ACIM_EMULATED_ATOMIC(atomicMax, unsigned, a < b ? b : a)
ACIM_EMULATED_ATOMIC(atomicMax, unsigned long long, a < b ? b : a)
ACIM_EMULATED_ATOMIC(atomicMin, int, b < a ? b : a)
ACIM_EMULATED_ATOMIC(atomicMin, unsigned, b < a ? b : a)
ACIM_EMULATED_ATOMIC(atomicMin, unsigned long long, b < a ? b : a)
#undef ACIM_EMULATED_ATOMIC
