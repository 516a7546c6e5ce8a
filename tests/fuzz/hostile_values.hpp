// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>

namespace acim::fuzz {

// Below `count`, which is not 0.
template <class Random>
std::size_t below(Random& random, std::size_t count) {
    return random() % count;
}

// Mostly small, else where sums and products overflow.
template <class Random>
std::int64_t some_integer(Random& random) {
    constexpr std::int64_t edges[] = {-1,
                                      0,
                                      1,
                                      127,
                                      255,
                                      1024,
                                      1 << 20,
                                      1 << 28,
                                      std::int64_t{1} << 31,
                                      (std::int64_t{1} << 31) - 1,
                                      std::int64_t{1} << 32,
                                      std::int64_t{1} << 62,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min()};
    if (below(random, 4) != 0) return static_cast<std::int64_t>(below(random, 8)) - 2;
    return edges[below(random, std::size(edges))];
}

template <class Random>
float some_real(Random& random) {
    constexpr float edges[] = {0.0F,
                               -0.0F,
                               1.0F,
                               -1.0F,
                               0.5F,
                               3e38F,
                               -3e38F,
                               1e-45F,
                               1e-38F,
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
    if (below(random, 2) != 0) return static_cast<float>(below(random, 64)) * 0.125F - 4.0F;
    return edges[below(random, std::size(edges))];
}

}  // namespace acim::fuzz
