// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/constant_functions.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include "cuda/model/digital/function.hpp"

namespace acim::onnx_import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double most_whole = 0x1p53;  // above, every double is an even number

bool is_whole(double x) { return std::abs(x) >= most_whole || x == std::floor(x); }

bool is_odd(double x) {
    return std::abs(x) < most_whole && is_whole(x) && (static_cast<std::int64_t>(x) & 1) != 0;
}

// x^count by repeated squaring.
double whole_power(double x, int count) {
    double out = 1.0;
    for (; count > 0; count >>= 1) {
        if (count & 1) out *= x;
        x *= x;
    }
    return out;
}

// base^exponent for a base above 0 and no NaN.
double positive_power(double base, double exponent) {
    constexpr int most_squared = 64;
    if (base == 1.0 || exponent == 0.0) return 1.0;
    if (base == infinity || std::abs(exponent) == infinity)
        return (base > 1.0) == (exponent > 0.0) ? infinity : 0.0;
    if (exponent == 0.5) return std::sqrt(base);
    if (is_whole(exponent) && std::abs(exponent) <= most_squared) {
        const double power = whole_power(base, static_cast<int>(std::abs(exponent)));
        return exponent < 0.0 ? 1.0 / power : power;
    }
    return digital::exponential(exponent * digital::natural_log(base));
}

// x = quadrant * pi/2 + rest, |rest| <= pi/4. pi/2 is three numbers; the first two have 33 bits, so
// that their products with up to 2^20 quadrants are exact (Cody and Waite 1980).
struct Angle {
    double rest = 0.0;
    std::int64_t quadrant = 0;
};

Angle reduced(double x) {
    constexpr double high = 0x1.921fb544p+0, middle = 0x1.0b4611a6p-34;
    constexpr double low = 0x1.3198a2e037073p-69, quadrants_per_radian = 0x1.45f306dc9c883p-1;
    const double count = digital::nearest_even(x * quadrants_per_radian);
    return {((x - count * high) - count * middle) - count * low,
            static_cast<std::int64_t>(count) & 3};
}

constexpr int series_terms = 9;  // Taylor: what is left out is below 1e-19 for |x| <= pi/4

double near_sine(double x) {
    double sum = 1.0;
    for (int k = 2 * series_terms; k > 0; k -= 2) sum = 1.0 - x * x / (k * (k + 1)) * sum;
    return x * sum;
}

double near_cosine(double x) {
    double sum = 1.0;
    for (int k = 2 * series_terms; k > 0; k -= 2) sum = 1.0 - x * x / (k * (k - 1)) * sum;
    return sum;
}

double sine_of(const Angle& angle) {
    const bool is_cosine = (angle.quadrant & 1) != 0;
    const double size = is_cosine ? near_cosine(angle.rest) : near_sine(angle.rest);
    return (angle.quadrant & 2) != 0 ? -size : size;
}

}  // namespace

double constant_exp(double x) { return std::isnan(x) ? x : digital::exponential(x); }

double constant_log(double x) {
    if (x == 0.0) return -infinity;
    if (!(x > 0.0)) return not_a_number;
    return x == infinity ? x : digital::natural_log(x);
}

double constant_pow(double base, double exponent) {
    if (base == 1.0 || exponent == 0.0) return 1.0;
    if (std::isnan(base) || std::isnan(exponent)) return not_a_number;
    const bool is_negative = std::signbit(base) && is_odd(exponent);
    double size = exponent < 0.0 ? infinity : 0.0;
    if (base < 0.0 && std::isfinite(base) && !is_whole(exponent)) return not_a_number;
    if (base != 0.0) size = positive_power(std::abs(base), exponent);
    return is_negative ? -size : size;
}

double constant_sin(double x) {
    if (x == 0.0) return x;  // keeps the sign
    return std::isfinite(x) ? sine_of(reduced(x)) : not_a_number;
}

double constant_cos(double x) {
    if (!std::isfinite(x)) return not_a_number;
    const Angle angle = reduced(x);
    return sine_of({angle.rest, angle.quadrant + 1});
}

}  // namespace acim::onnx_import
