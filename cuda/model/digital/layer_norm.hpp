// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/host_device.hpp"

// Layer normalisation of a line of values (Ba et al. 2016). Both sums, of the values and of their
// squared deviations, are integers in steps that follow from the line's largest magnitudes, so that
// they do not depend on an order and are as fine as float32 whatever the scale. A loop takes the
// magnitude of all values, then norm_term() of each with sum, least and largest, then the sum of
// norm_square(). Lines of up to 65536 values cannot overflow.
namespace acim::digital {

inline constexpr int norm_length_limit = 65536;
inline constexpr int norm_term_bits = 30;    // of a magnitude below 2, in terms
inline constexpr int norm_square_bits = 22;  // of a deviation, before it is squared

// 2^k for -1022 <= k <= 1023.
ACIM_HD inline double power_of_two(int k) {
    return double_of(static_cast<std::uint64_t>(1023 + k) << 52);
}

// e with 2^e <= x < 2^(e+1) for normal x > 0; -1023 for 0.
ACIM_HD inline int exponent_of(double x) { return static_cast<int>(bits_of(x) >> 52) - 1023; }

// NaN counts as 0, infinities as the largest float.
ACIM_HD inline float norm_finite(float x) {
    constexpr float largest = 3.402823466e38F;
    const float number = x == x ? x : 0.0F;
    const float held = number < largest ? number : largest;
    return held > -largest ? held : -largest;
}

ACIM_HD inline float norm_magnitude(float most, float x) {
    const float held = norm_finite(x), magnitude = held < 0.0F ? -held : held;
    return magnitude > most ? magnitude : most;
}

// Exponent of the steps of a line whose largest magnitude is `most`; a line of zeros has some step.
ACIM_HD inline int norm_exponent(float most) {
    const int e = exponent_of(static_cast<double>(most));
    return (e < -149 ? -149 : e) - norm_term_bits;
}

// x in steps of 2^exponent, half to even: at most 2^31.
ACIM_HD inline std::int64_t norm_term(float x, int exponent) {
    const double steps = static_cast<double>(norm_finite(x)) * power_of_two(-exponent);
    return static_cast<std::int64_t>(nearest_even(steps));
}

// The centre of a line in steps, and the step of its deviations.
struct NormCentre {
    double mean;          // [2^exponent]
    int exponent;         // of the terms
    int spread_exponent;  // deviations times 2^-spread_exponent are at most 2^23
};

ACIM_HD inline NormCentre norm_centre(std::int64_t sum, std::int64_t least, std::int64_t largest,
                                      int length, int exponent, bool is_centred) {
    const double mean = is_centred ? static_cast<double>(sum) / static_cast<double>(length) : 0.0;
    const double above = static_cast<double>(largest) - mean;
    const double below = mean - static_cast<double>(least);
    const double spread = above > below ? above : below;
    const int e = exponent_of(spread > 1.0 ? spread : 1.0);
    return {mean, exponent, e - norm_square_bits};
}

// The square of one deviation, in steps of 2^(2*spread_exponent): at most 2^46.
ACIM_HD inline std::int64_t norm_square(std::int64_t term, const NormCentre& centre) {
    const double deviation = static_cast<double>(term) - centre.mean;
    const auto d =
        static_cast<std::int64_t>(nearest_even(deviation * power_of_two(-centre.spread_exponent)));
    return d * d;
}

// What one step of deviation becomes, before scale and shift.
ACIM_HD inline double norm_factor(std::int64_t squares, const NormCentre& centre, int length,
                                  float epsilon) {
    const double unit = power_of_two(centre.exponent);
    const double steps = static_cast<double>(squares) / static_cast<double>(length) *
                         power_of_two(2 * centre.spread_exponent);
    const double variance = steps * unit * unit;
    return unit / sqrt(variance + static_cast<double>(epsilon));
}

ACIM_HD inline float norm_value(std::int64_t term, const NormCentre& centre, double factor,
                                float scale, float shift) {
    const double normal = (static_cast<double>(term) - centre.mean) * factor;
    const double scaled = normal * static_cast<double>(scale);
    return static_cast<float>(scaled + static_cast<double>(shift));
}

}  // namespace acim::digital
