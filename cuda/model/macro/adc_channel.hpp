// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/adc.hpp"
#include "cuda/model/macro/rounding.hpp"

namespace acim {

// One physical ADC: its static errors.
struct AdcChannel {
    double gain = 0.0;                    // [1]
    double offset = 0.0;                  // [LSB]
    const std::int32_t* edges = nullptr;  // [top - lowest code] [2^-16 LSB], ascending; null: ideal
};

// Position of voltage v at the ADC, v(1+g) + o, without noise [2^-16 LSB]; `shift` is a further
// error of this conversion [LSB].
ACIM_HD inline std::int64_t channel_position(const AdcScale& scale, const AdcChannel& adc, double v,
                                             double shift) {
    const double position =
        v * (1.0 + adc.gain) * scale.lsb_per_fs + (adc.offset + shift - scale.lsb_at_zero);
    constexpr double limit = 1073741824.0;  // 2^30 LSB, far outside every range
    const double held = !(position > -limit) ? -limit : position < limit ? position : limit;
    return round_half_even(held * 65536.0);
}

// Code at a grid position: the number of edges below it, counted from the lowest code; a position
// on an edge goes to the even code.
ACIM_HD inline std::int32_t channel_code(const AdcScale& scale, const AdcChannel& adc,
                                         std::int64_t position) {
    if (adc.edges == nullptr) return grid_code(scale, position);
    std::int32_t low = 0, high = scale.code_max - scale.code_min;  // edges below: low..high
    while (low < high) {
        const std::int32_t middle = (low + high) / 2;
        if (adc.edges[middle] < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const std::int32_t code = scale.code_min + low;
    const bool on_edge =
        low < scale.code_max - scale.code_min && adc.edges[low] == position && (code & 1) != 0;
    return on_edge ? code + 1 : code;
}

// Edge k of an ADC that lies `inl` LSB off its place [2^-16 LSB]; held to 2^14 LSB, beyond every
// code, so that 32 bits are enough.
ACIM_HD inline std::int32_t shifted_edge(std::int32_t code_min, int k, double inl) {
    constexpr double limit = 16384.0;
    const double held = !(inl > -limit) ? -limit : inl < limit ? inl : limit;
    return static_cast<std::int32_t>(std::int64_t{code_min + k} * 65536 + 32768 +
                                     round_half_even(held * 65536.0));
}

// Edge of an ADC whose codes have random widths [2^-16 LSB]: e_c = c - 1/2 + B_c with B the random
// walk of the DNL draws minus its chord, so that both ends stay. `walk` is the sum of the unit
// normals z_2..z_c [2^-24], `walk_end` that of all, n the number of edges, k = 0..n-1 this one's.
ACIM_HD inline std::int32_t dnl_edge(std::int32_t code_min, int k, int n, double dnl,
                                     std::int64_t walk, std::int64_t walk_end) {
    const double chord = n > 1 ? static_cast<double>(walk_end) * k / (n - 1) : 0.0;
    return shifted_edge(code_min, k, dnl * ((static_cast<double>(walk) - chord) / 16777216.0));
}

}  // namespace acim
