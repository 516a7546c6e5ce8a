// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

// The unit normal of path chip as far as the top 16 bits of its uniform tell it: good enough to
// settle nearly all codes without them (host/engine, cuda/engine). With u the 16 bits, x = 2u + 1 -
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
ACIM_HD inline int sketch_segment(float p) {
#if defined(__CUDA_ARCH__)
    const std::uint32_t bits = __float_as_uint(p);
#else
    const auto bits = __builtin_bit_cast(std::uint32_t, p);
#endif
    return static_cast<int>(bits >> NormalSketch::index_shift & (NormalSketch::segments - 1));
}

// The normal of the 16 bits and how far the true one may lie from it.
struct SketchedNormal {
    float z, slack;
};

ACIM_HD inline SketchedNormal sketched_normal(const NormalSketch& sketch, std::uint32_t top) {
    const auto x = static_cast<float>(static_cast<std::int32_t>(2 * top + 1) - 65536);
    const float p = 65536.0F - (x < 0.0F ? -x : x);
    const int at = sketch_segment(p);
    float z = sketch.c[3][at];
    for (int power = 2; power >= 0; --power) z = z * p + sketch.c[power][at];
    return {x < 0.0F ? -z : z, sketch.slack[at]};
}

const NormalSketch& normal_sketch();

}  // namespace acim
