// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

// Piecewise cubics of the inverse normal: octaves of the tail probability, sixteen segments each.
// A host builds the table once (cuda/trial/inverse_normal_table.hpp); its content is fixed.
struct InverseNormalTable {
    static constexpr int octaves = 64, segments = 16;
    static constexpr int coefficient_bits = 27;  // fraction bits of the coefficients
    std::int32_t c[octaves][segments][4];        // z(f) = c0 + c1 f + c2 f^2 + c3 f^3, 0 <= f < 1
};

// Fraction bits of the integer normal.
inline constexpr int normal_fraction_bits = 24;

ACIM_HD inline int leading_zeros(std::uint64_t x) {
#if defined(__CUDA_ARCH__)
    return __clzll(static_cast<long long>(x));
#else
    return __builtin_clzll(x);
#endif
}

// Integer inverse normal of a 64-bit uniform: z [2^-24], |z - exact| <= 2^-20, odd under u -> ~u.
// The top bit is the sign, the rest the tail probability p = (2t + 1) / 2^65.
ACIM_HD inline std::int32_t inverse_normal(const InverseNormalTable& table, std::uint64_t u) {
    const bool negative = (u >> 63) != 0;
    const std::uint64_t t = (negative ? ~u : u) << 1 | 1u;
    const int octave = leading_zeros(t);
    const std::uint64_t normal = t << octave;  // leading one in bit 63
    const int segment = static_cast<int>(normal >> 59 & 15u);
    const std::int64_t f = static_cast<std::int64_t>(normal >> 35 & 0xFFFFFFu);  // [2^-24]
    const std::int32_t* c = table.c[octave][segment];
    std::int64_t z = c[3];
    z = c[2] + (z * f >> 24);
    z = c[1] + (z * f >> 24);
    z = c[0] + (z * f >> 24);
    constexpr int drop = InverseNormalTable::coefficient_bits - normal_fraction_bits;
    const auto magnitude = static_cast<std::int32_t>((z + (1 << (drop - 1))) >> drop);
    return negative ? -magnitude : magnitude;
}

}  // namespace acim
