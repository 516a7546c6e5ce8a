// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/rounding.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/model/random/inverse_normal.hpp"

namespace acim {

// Fresh noise of one cycle, in LSB of its ADC.
struct FreshNoise {
    double random = 0.0;           // sigma [LSB]
    double nonlinear = 0.0;        // sigma at s = 0 [LSB]
    double cells_per_count = 1.0;  // N/FS: s*N/FS counts active cells

    ACIM_HD bool any() const { return random > 0.0 || nonlinear > 0.0; }
};

// Sigma of `noise.random` [LSB].
ACIM_HD inline double random_sigma(const MacroParams& macro, const AdcScale& scale) {
    const RandomNoise& random = macro.noise.random;
    switch (random.unit) {
        case NoiseUnit::lsb:
            return random.sigma;
        case NoiseUnit::percent_fs:
            return random.sigma / 100.0 * scale.lsb_per_fs;
        case NoiseUnit::volt:
            break;
    }
    return random.sigma == 0.0 ? 0.0 : random.sigma * per_volt(macro) * scale.lsb_per_fs;
}

// Share of a column's kT/C in what is converted: weight-parallel conversion adds the planes with
// their weights, V = sum_i +-2^i v_i / (2^(W-1)-1).
ACIM_HD inline double column_noise_gain(bool weight_parallel, int weight_bits) {
    if (!weight_parallel) return 1.0;
    const std::int64_t squares = ((std::int64_t{1} << (2 * weight_bits)) - 1) / 3;  // sum of 4^i
    return sqrt(static_cast<double>(squares)) / static_cast<double>(parallel_span(weight_bits));
}

// Sigma of an error of the ADC that is given in LSB and in volts of the column [LSB].
ACIM_HD inline double adc_error_sigma(const MacroParams& macro, const AdcScale& scale, double lsb,
                                      double volts) {
    return volts == 0.0 ? lsb : lsb + volts * per_volt(macro) * scale.lsb_per_fs;
}

// All fresh terms that do not depend on the sum are one draw: noise.random, kT/C, comparator.
ACIM_HD inline FreshNoise fresh_noise(const MacroParams& macro, const AdcScale& scale,
                                      int weight_bits) {
    FreshNoise out;
    out.random = random_sigma(macro, scale);
    const double thermal = thermal_sigma(macro) * scale.lsb_per_fs *
                           column_noise_gain(macro.weight_parallel, weight_bits);
    const double comparator = adc_error_sigma(macro, scale, macro.adc_errors.comparator,
                                              macro.adc_errors.comparator_volt);
    if (thermal != 0.0 || comparator != 0.0)
        out.random = sqrt(out.random * out.random + (thermal * thermal + comparator * comparator));
    out.nonlinear = macro.noise.nonlinear.sigma / 100.0 * scale.lsb_per_fs;
    out.cells_per_count = static_cast<double>(macro.rows) / scale.full_scale;
    return out;
}

// Sigma of the second term alone [LSB]: ASiM's non-linear noise, sigma_n/sqrt(s*N/FS + 1).
ACIM_HD inline double nonlinear_sigma(const FreshNoise& noise, std::int64_t s) {
    return noise.nonlinear / sqrt(static_cast<double>(s) * noise.cells_per_count + 1.0);
}

// Sigma of the summed draw [LSB] (SPEC section 3: all fresh Gaussians are one draw).
ACIM_HD inline double total_sigma(const FreshNoise& noise, std::int64_t s) {
    if (noise.nonlinear == 0.0) return noise.random;
    const double n = nonlinear_sigma(noise, s);
    return sqrt(noise.random * noise.random + n * n);
}

// Fraction bits of sigma in the reference path.
inline constexpr int sigma_fraction_bits = 20;

// Grid position after adding z*sigma, all in integers: the reference path of SPEC section 7.
ACIM_HD inline std::int64_t add_noise(std::int64_t position, std::int32_t z, double sigma) {
    constexpr int drop = normal_fraction_bits + sigma_fraction_bits - adc_grid_bits;
    const std::int64_t sigma_fixed = round_half_even(sigma * (1 << sigma_fraction_bits));
    const std::int64_t half = std::int64_t{1} << (drop - 1);
    return position + ((z * sigma_fixed + half) >> drop);
}

}  // namespace acim
