// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

// The normal law in long double from libm: the reference of tests only.
namespace acim::testing_reference {

inline constexpr long double sqrt_half = 0.707106781186547524400844362104849039L;

// Q(z) = P(N(0,1) > z).
inline long double tail(long double z) { return 0.5L * std::erfc(z * sqrt_half); }

inline long double density(long double z) {
    return 0.398942280401432677939946059934381868L * std::exp(-0.5L * z * z);
}

// P(a < N(0,1) <= b), both bounds taken in the tail in which they lie.
inline long double between(long double a, long double b) {
    return a >= 0.0L ? tail(a) - tail(b) : tail(-b) - tail(-a);
}

// z with Q(z) = p, by Newton steps in ln p from a starting value near the solution.
inline long double inverse_tail(long double p, long double start) {
    long double z = start;
    for (int i = 0; i < 6; ++i) {
        const long double q = tail(z);
        z += (std::log(q) - std::log(p)) * q / density(z);
    }
    return z;
}

}  // namespace acim::testing_reference
