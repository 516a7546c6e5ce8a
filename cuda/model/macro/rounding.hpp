// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

// num/den rounded to the nearest integer, ties to even; den > 0.
ACIM_HD inline std::int64_t divide_half_even(std::int64_t num, std::int64_t den) {
    std::int64_t q = num / den, r = num % den;
    if (r < 0) {
        r += den;
        --q;
    }
    const std::int64_t rest = den - r;
    return r > rest || (r == rest && (q & 1) != 0) ? q + 1 : q;
}

// Nearest integer, ties to even, for |x| < 2^51: adding 1.5*2^52 leaves no fraction
// bits. Needs a compiler that keeps IEEE semantics (no -ffast-math).
ACIM_HD inline std::int64_t round_half_even(double x) {
    constexpr double magic = 6755399441055744.0;
    return static_cast<std::int64_t>((x + magic) - magic);
}

}  // namespace acim
