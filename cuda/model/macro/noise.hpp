// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/rounding.hpp"
#include "cuda/model/random/inverse_normal.hpp"

namespace acim {

// Fresh noise of one cycle, in LSB of its ADC.
struct FreshNoise {
    double random = 0.0;           // sigma [LSB]
    double nonlinear = 0.0;        // sigma at s = 0 [LSB]
    double cells_per_count = 1.0;  // N/FS: s*N/FS counts active cells

    ACIM_HD bool any() const { return random > 0.0 || nonlinear > 0.0; }
};

ACIM_HD inline FreshNoise fresh_noise(const NoiseParams& noise, const AdcScale& scale, int rows) {
    FreshNoise out;
    out.random = noise.random.unit == NoiseUnit::lsb
                     ? noise.random.sigma
                     : noise.random.sigma / 100.0 * scale.lsb_per_fs;
    out.nonlinear = noise.nonlinear.sigma / 100.0 * scale.lsb_per_fs;
    out.cells_per_count = static_cast<double>(rows) / scale.full_scale;
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
