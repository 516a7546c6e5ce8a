// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/host_device.hpp"

// Exponential and logarithm in fixed-order IEEE double arithmetic without libm: the same bits
// everywhere.
namespace acim::digital {

inline constexpr double ln2_high = 0x1.62e42fefap-1;  // ln 2 cut to 32 bits: n*ln2_high is exact
inline constexpr double ln2_low = 0x1.cf79abc9e3b3ap-40;  // ln 2 - ln2_high

// The bits of a double, and back.
ACIM_HD inline std::uint64_t bits_of(double x) {
    std::uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
ACIM_HD inline double double_of(std::uint64_t bits) {
    double x = 0.0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// exp(-x) for x >= 0, relative error below 4e-16 (x*2^-53 more for the rounding of x itself).
ACIM_HD inline double exp_minus(double x) {
    constexpr double log2_e = 1.4426950408889634;
    if (!(x < 700.0)) return 0.0;
    const double count = nearest_even(x * log2_e);
    const double r = (count * ln2_high - x) + count * ln2_low;  // -x + count ln 2, |r| <= 0.35
    double sum = 1.0;
    for (int k = 17; k >= 1; --k) sum = 1.0 + sum * r / k;
    const auto exponent = static_cast<std::uint64_t>(1023 - static_cast<int>(count));
    return sum * double_of(exponent << 52);
}

// Natural logarithm for x > 0, absolute error below 1e-15*max(1, |ln x|).
ACIM_HD inline double natural_log(double x) {
    const std::uint64_t bits = bits_of(x);
    int exponent = static_cast<int>(bits >> 52) - 1023;
    double m = double_of((bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
    if (m > 1.4142135623730951) {
        m = 0.5 * m;
        ++exponent;
    }
    const double q = (m - 1.0) / (m + 1.0), q2 = q * q;  // ln m = 2 atanh q, |q| <= 0.172
    double sum = 0.0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * q2 + 1.0 / k;
    return exponent * ln2_high + (exponent * ln2_low + 2.0 * q * sum);
}

}  // namespace acim::digital
