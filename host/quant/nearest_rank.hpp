// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/model/digital/quantise.hpp"
#include "host/core/error.hpp"

namespace acim {

// Nearest rank: the smallest r >= percentile / 100 * total, at least 1. In integers, with the
// percentile in steps of 1e-6, since 99.9 / 100 * 1000 is above 999 in double.
inline std::uint64_t nearest_rank(double percentile, std::uint64_t total) {
    ACIM_EXPECT(percentile > 0.0 && percentile <= 100.0 && total > 0);
    constexpr std::uint64_t whole = 100'000'000;
    const auto part = static_cast<std::uint64_t>(digital::nearest_even(percentile * 1e6));
    const std::uint64_t rank = total / whole * part + (total % whole * part + whole - 1) / whole;
    return std::clamp<std::uint64_t>(rank, 1, total);
}

}  // namespace acim
