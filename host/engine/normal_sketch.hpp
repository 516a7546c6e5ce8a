// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace acim {

// The unit normal of path chip as far as the top 16 bits of its uniform tell it: good enough to
// settle nearly all codes in float registers (simd_chip-inl.hpp). With u the 16 bits, x = 2u + 1 -
// 65536 and p = 65536 - |x|, twice the cells of the tail, the normal is
//     sign(x) * (c0 + c1*p + c2*p^2 + c3*p^3)   +- slack,
// for every value of the 48 bits below and with float arithmetic of any contraction. Segments are
// half octaves of p: two for every exponent, chosen by the five bits from its top mantissa bit up.
struct alignas(64) NormalSketch {
    static constexpr int segments = 32;
    static constexpr int index_shift = 22;  // of p as a float, the five bits then lowest
    float c[4][segments] = {};
    float slack[segments] = {};
};

// Segment of p = 1, 3, .. 65535.
int sketch_segment(float p);

const NormalSketch& normal_sketch();

}  // namespace acim
