// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/erf.hpp"
#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/host_device.hpp"

// Functions of one value between layers: computed in double, in a fixed order, rounded once to
// float32. NaN gives NaN of some kind or a bound; which one is the same everywhere.
namespace acim::digital {

// 1 / (1 + exp(-x)), without cancellation on either side.
ACIM_HD inline double logistic(double x) {
    const double e = exp_minus(x < 0.0 ? -x : x);
    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

ACIM_HD inline double hyperbolic_tangent(double x) {
    const double e = exp_minus(2.0 * (x < 0.0 ? -x : x));
    const double t = (1.0 - e) / (1.0 + e);
    return x < 0.0 ? -t : t;
}

// exp(x) for any x: infinite above 709.
ACIM_HD inline double exponential(double x) { return x > 0.0 ? 1.0 / exp_minus(x) : exp_minus(-x); }

// The normal distribution's Phi(x).
ACIM_HD inline double normal_cdf(double x) {
    constexpr double root_half = 0.70710678118654752;
    return 0.5 * erfc_value(-x * root_half);
}

ACIM_HD inline float sigmoid(float x) { return static_cast<float>(logistic(x)); }
ACIM_HD inline float tanh_value(float x) { return static_cast<float>(hyperbolic_tangent(x)); }

// Odd: the part beyond |x| decides, so that small x do not cancel to 0 or 1.
ACIM_HD inline float erf_value(float x) {
    const double z = x < 0.0F ? -static_cast<double>(x) : static_cast<double>(x);
    const double e = 1.0 - erfc_positive(z);
    return static_cast<float>(x < 0.0F ? -e : e);
}

// x * Phi(x) (Hendrycks and Gimpel 2016), and its approximation of the same source.
ACIM_HD inline float gelu(float x) { return static_cast<float>(x * normal_cdf(x)); }
ACIM_HD inline float gelu_tanh(float x) {
    constexpr double root = 0.79788456080286536;  // sqrt(2/pi)
    const double v = x;
    const double inner = root * (v + 0.044715 * (v * v * v));
    return static_cast<float>(0.5 * v * (1.0 + hyperbolic_tangent(inner)));
}

ACIM_HD inline float silu(float x) { return static_cast<float>(x * logistic(x)); }

ACIM_HD inline float hard_sigmoid(float x, float a, float b) {
    return clip(affine(x, a, b), 0.0F, 1.0F);
}
// Howard et al. 2019.
ACIM_HD inline float hard_swish(float x) {
    const double gate = (static_cast<double>(x) + 3.0) / 6.0;
    const double held = gate > 0.0 ? (gate < 1.0 ? gate : 1.0) : 0.0;
    return static_cast<float>(static_cast<double>(x) * held);
}

ACIM_HD inline float leaky_relu(float x, float a) { return x < 0.0F ? a * x : x; }
ACIM_HD inline float elu(float x, float a) {
    if (!(x < 0.0F)) return x;
    return static_cast<float>(a * (exp_minus(-static_cast<double>(x)) - 1.0));
}

ACIM_HD inline float exp_value(float x) { return static_cast<float>(exponential(x)); }
// 0 and what is below it give the logarithm of the smallest normal float.
ACIM_HD inline float log_value(float x) {
    constexpr float least = 1.175494351e-38F;
    return static_cast<float>(natural_log(x > least ? x : least));
}
ACIM_HD inline float sqrt_value(float x) {
    return static_cast<float>(sqrt(x > 0.0F ? static_cast<double>(x) : 0.0));
}
ACIM_HD inline float reciprocal(float x) { return 1.0F / x; }
ACIM_HD inline float absolute(float x) { return x < 0.0F ? -x : x; }

}  // namespace acim::digital
