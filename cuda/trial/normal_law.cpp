// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

constexpr double inverse_sqrt_two_pi = 0.39894228040143268;

// Density of the standard normal law.
double density(double z) { return inverse_sqrt_two_pi * exp_minus(0.5 * z * z); }

// Series of all-positive terms: Phi(z) - 1/2 = phi(z) * sum z^(2n+1) / (2n+1)!!  (Abramowitz and
// Stegun 26.2.11).
double half_minus_tail(double z) {
    double term = z, sum = z;
    for (int n = 1; n < 60; ++n) {
        term = term * (z * z) / (2 * n + 1);
        sum = sum + term;
    }
    return density(z) * sum;
}

// Continued fraction of Mills' ratio, Q(z)/phi(z) = 1/(z + 1/(z + 2/(z + ...)))  (26.2.14), from
// the inside out; 120 levels are enough from z = 2 on.
double tail_by_fraction(double z) {
    double f = z;
    for (int n = 120; n >= 1; --n) f = z + n / f;
    return density(z) / f;
}

}  // namespace

double normal_tail(double z) {
    if (z < 0.0) return 1.0 - normal_tail(-z);
    return z < 2.5 ? 0.5 - half_minus_tail(z) : tail_by_fraction(z);
}

double normal_slice(double centre, double width) {
    if (width > 1.0) {  // both bounds in the tail in which they lie, against cancellation
        const double low = centre - 0.5 * width, high = centre + 0.5 * width;
        return low >= 0.0 ? normal_tail(low) - normal_tail(high)
                          : normal_tail(-high) - normal_tail(-low);
    }
    // Gauss and Legendre's quadrature of eight points (Abramowitz and Stegun 25.4.30).
    constexpr double node[4] = {0.96028985649753623, 0.79666647741362674, 0.52553240991632899,
                                0.18343464249564980};
    constexpr double weight[4] = {0.10122853629037626, 0.22238103445337447, 0.31370664587788729,
                                  0.36268378337836198};
    const double half = 0.5 * width;
    double sum = 0.0;
    for (int i = 0; i < 4; ++i)
        sum =
            sum + weight[i] * (density(centre - half * node[i]) + density(centre + half * node[i]));
    return half * sum;
}

double inverse_normal_tail(double p) {
    double low = 0.0, high = 38.0;
    for (int i = 0; i < 24; ++i) {
        const double middle = 0.5 * (low + high);
        (normal_tail(middle) > p ? low : high) = middle;
    }
    double z = 0.5 * (low + high);
    for (int i = 0; i < 4; ++i) z = z + (normal_tail(z) - p) / density(z);
    return z;
}

}  // namespace acim
