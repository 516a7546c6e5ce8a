// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/rounding.hpp"

// From the voltage of a block to its time, and from the sum of times to the TDC's code. The delay
// t0 of every block stands on the signal's and the reference's side alike and cancels.
namespace acim::aidac {

// What one voltage-to-time converter does wrong.
struct ConverterError {
    double gain = 0.0;    // g [1]
    double offset = 0.0;  // o [FS]
};

// Voltage of a block after sharing, injection, settling and leakage, in this order (SPEC 5).
ACIM_HD inline double block_voltage(const Terms& t, std::int64_t sum) {
    double v = static_cast<double>(sum) / t.full_scale;
    v = v + (t.injection_offset - t.injection_gain * v);
    v = v * (1.0 - t.settling);
    return v - t.leakage;
}

// Time of a block in units of t_FS:  v(1+g) + o + 4*INL*v(1-v)   (SPEC section 5).
ACIM_HD inline double block_time(const Terms& t, const ConverterError& error, double v) {
    return v * (1.0 + error.gain) + error.offset + 4.0 * t.vtc_inl * v * (1.0 - v);
}

// The TDC: 2^B codes over N_blk full times.
ACIM_HD inline AdcScale tdc_scale(int bits) {
    AdcScale scale;
    scale.code_max = (1 << bits) - 1;
    scale.lsb_per_fs = static_cast<double>(1 << bits);
    return scale;
}

// Position of the summed times at the TDC [2^-16 LSB].
ACIM_HD inline std::int64_t tdc_position(const AdcScale& tdc, double time_sum, int blocks) {
    const double position = time_sum / static_cast<double>(blocks) * tdc.lsb_per_fs;
    constexpr double limit = 1073741824.0;  // 2^30 LSB, far outside every range
    const double held = !(position > -limit) ? -limit : position < limit ? position : limit;
    return round_half_even(held * 65536.0);
}

// Code of a chain without any error, exact: y = clip(rne(2^B * sum x*w/(N_blk*K*256*255))).
ACIM_HD inline std::int32_t ideal_tdc_code(const AdcScale& tdc, std::int64_t sum, int rows) {
    const std::int64_t full = std::int64_t{rows} * row_units * operand_top;
    return clip_code(tdc, divide_half_even(sum * (std::int64_t{tdc.code_max} + 1), full));
}

}  // namespace acim::aidac
