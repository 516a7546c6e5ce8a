// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

// Between float32 values and the integers of the macro: q = clamp(rne(x / scale)), zero point 0
// (docs/model.md, section "The network on the macro"). No libm: the same bits everywhere.
namespace acim::digital {

// Rounds half to even by the addition of 1.5 * 2^23, after which one float step is 1; needs
// |x| <= 2^22 and the rounding mode that IEEE starts with.
ACIM_HD inline float nearest_even(float x) {
    constexpr float shift = 12582912.0F;
    return (x + shift) - shift;
}

// The same for double: 1.5 * 2^52, needs |x| <= 2^51.
ACIM_HD inline double nearest_even(double x) {
    constexpr double shift = 6755399441055744.0;
    return (x + shift) - shift;
}

// clamp(rne(x / scale), lo, hi) with one IEEE division; needs -2^22 <= lo <= 0 <= hi <= 2^22 and
// scale > 0. Infinities saturate, NaN gives 0. Clamping to integers first does not change the
// result and keeps the rounding in its range.
ACIM_HD inline int quantise(float x, float scale, int lo, int hi) {
    const float low = static_cast<float>(lo);
    const float high = static_cast<float>(hi);
    float t = x / scale;
    t = t == t ? t : 0.0F;
    t = t > low ? t : low;
    t = t < high ? t : high;
    return static_cast<int>(nearest_even(t));
}

// Smallest and largest integer of a symmetric quantisation with `bits` bits (signed 2..22, unsigned
// 1..22).
ACIM_HD inline int quantised_low(int bits, bool is_signed) {
    return is_signed ? -((1 << (bits - 1)) - 1) : 0;
}
ACIM_HD inline int quantised_high(int bits, bool is_signed) {
    return is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
}

// A value as its integer stands for it: quantised and back, one rounding each way.
ACIM_HD inline float requantise(float x, float scale, int lo, int hi) {
    return static_cast<float>(quantise(x, scale, lo, hi)) * scale;
}

// Real value of one unit of an integer-product sum; exact, as the product of two floats fits a
// double.
ACIM_HD inline double product_scale(float weight_scale, float input_scale) {
    return static_cast<double>(weight_scale) * static_cast<double>(input_scale);
}

// Output of a product from its integer-product sum: two roundings in double, never contracted, and
// one to float.
ACIM_HD inline float dequantise(double y, double scale, float bias) {
    const double product = y * scale;
    return static_cast<float>(product + static_cast<double>(bias));
}

}  // namespace acim::digital
