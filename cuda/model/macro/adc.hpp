// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/rounding.hpp"

namespace acim {

// An ideal ADC seen from the exact sum s of a cycle: position [LSB] = (s*mul - sub)/den, a ratio of
// integers, so that rounding and lossless tests are exact. v = s/FS and
// c = clip(rne((v-lo)/(hi-lo)*(2^B-1)), 0, code_max)   (SPEC section 3).
struct AdcScale {
    std::int64_t mul = 1, sub = 0, den = 1;
    std::int32_t code_min = 0;    // below 0 only for weight-parallel conversion
    std::int32_t code_max = 0;    // top code that v <= 1 can reach
    std::int32_t full_scale = 1;  // span of what is converted [counts]
    double lsb_per_fs = 1.0;      // LSBs in one full scale
    double lsb_at_zero = 0.0;     // position of lo, where v = 0 has code -lsb_at_zero [LSB]
};

ACIM_HD inline std::int64_t greatest_common_divisor(std::int64_t a, std::int64_t b) {
    a = a < 0 ? -a : a;
    while (b != 0) {
        const std::int64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

// Scale of the ADC for columns whose sums span 0 .. fs counts.
ACIM_HD inline AdcScale span_scale(const AdcParams& adc, std::int64_t fs) {
    const std::int64_t top = (std::int64_t{1} << adc.bits) - 1;
    AdcScale scale;
    scale.full_scale = static_cast<std::int32_t>(fs);
    scale.code_max = static_cast<std::int32_t>(top);
    switch (adc.range) {
        case AdcRange::full:
            scale.mul = top;
            scale.den = fs;
            scale.lsb_per_fs = static_cast<double>(top);
            break;
        case AdcRange::counts:
            if (fs < top) scale.code_max = static_cast<std::int32_t>(fs);
            scale.lsb_per_fs = static_cast<double>(fs);
            break;
        case AdcRange::window:
        case AdcRange::percentile:  // calibrated into a window before use
        case AdcRange::csnr:
            scale.mul = 65536 * top;
            scale.sub = adc.lo * fs * top;
            scale.den = fs * (adc.hi - adc.lo);
            scale.lsb_per_fs = static_cast<double>(65536 * top) / (adc.hi - adc.lo);
            scale.lsb_at_zero = static_cast<double>(adc.lo * top) / (adc.hi - adc.lo);
            break;
    }
    const std::int64_t g =
        greatest_common_divisor(greatest_common_divisor(scale.mul, scale.sub), scale.den);
    scale.mul /= g;
    scale.sub /= g;
    scale.den /= g;
    return scale;
}

// Scale of the ADC for a cycle of the given width.
ACIM_HD inline AdcScale adc_scale(const AdcParams& adc, int rows, int width) {
    return span_scale(adc, full_scale(rows, width));
}

// Scale of the ADC where all planes are converted at once: v = S/F in -1 .. 1, codes
// +-(2^(B-1)-1), F = (2^(W-1)-1)*FS. Positions come from voltages only.
ACIM_HD inline AdcScale weight_parallel_scale(const AdcParams& adc, int rows, int width,
                                              int weight_bits) {
    const std::int64_t top = (std::int64_t{1} << (adc.bits - 1)) - 1;
    AdcScale scale;
    scale.full_scale =
        static_cast<std::int32_t>(full_scale(rows, width) * parallel_span(weight_bits));
    scale.code_min = static_cast<std::int32_t>(-top);
    scale.code_max = static_cast<std::int32_t>(top);
    scale.lsb_per_fs = static_cast<double>(top);
    return scale;
}

ACIM_HD inline std::int32_t clip_code(const AdcScale& scale, std::int64_t code) {
    return static_cast<std::int32_t>(code < scale.code_min   ? scale.code_min
                                     : code > scale.code_max ? scale.code_max
                                                             : code);
}

// Code of the noise-free conversion, exact.
ACIM_HD inline std::int32_t ideal_code(const AdcScale& scale, std::int64_t s) {
    return clip_code(scale, divide_half_even(s * scale.mul - scale.sub, scale.den));
}

// Every sum has a code of its own whose value is the sum: 2^B-1 a multiple of FS under `full`, or
// LSB = one count with codes enough.
ACIM_HD inline bool is_lossless(const AdcScale& scale, const AdcParams& adc) {
    const std::int64_t top = (std::int64_t{1} << adc.bits) - 1;
    if (adc.range == AdcRange::full) return top % scale.full_scale == 0;
    return adc.range == AdcRange::counts && top >= scale.full_scale;
}

// Fraction bits of the reference path's ADC grid.
inline constexpr int adc_grid_bits = 16;

// Position of the noise-free sum on the grid [2^-16 LSB]: one declared double expression.
ACIM_HD inline std::int64_t grid_position(const AdcScale& scale, std::int64_t s) {
    return round_half_even(static_cast<double>(s * scale.mul - scale.sub) * 65536.0 /
                           static_cast<double>(scale.den));
}

// Code at a grid position: the number of edges c - 1/2 below it, ties to the even code.
ACIM_HD inline std::int32_t grid_code(const AdcScale& scale, std::int64_t position) {
    return clip_code(scale, divide_half_even(position, std::int64_t{1} << adc_grid_bits));
}

}  // namespace acim
