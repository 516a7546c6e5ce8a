// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// CUDA's short vectors, with its alignments, and the indices of the thread that runs now.
struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define ACIM_EMULATED_VECTORS(T, name)                                \
    struct alignas(2 * sizeof(T)) name##2 {                           \
        T x, y;                                                       \
    };                                                                \
    struct alignas(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)) name##4 { \
        T x, y, z, w;                                                 \
    };                                                                \
    constexpr name##2 make_##name##2(T x, T y) { return {x, y}; }     \
    constexpr name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
ACIM_EMULATED_VECTORS(signed char, char)
ACIM_EMULATED_VECTORS(unsigned char, uchar)
ACIM_EMULATED_VECTORS(short, short)
ACIM_EMULATED_VECTORS(unsigned short, ushort)
ACIM_EMULATED_VECTORS(int, int)
ACIM_EMULATED_VECTORS(unsigned, uint)
ACIM_EMULATED_VECTORS(long long, longlong)
ACIM_EMULATED_VECTORS(unsigned long long, ulonglong)
ACIM_EMULATED_VECTORS(float, float)
ACIM_EMULATED_VECTORS(double, double)
#undef ACIM_EMULATED_VECTORS

// One thread of one block runs at a time, so these are plain variables that the emulation sets.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;
