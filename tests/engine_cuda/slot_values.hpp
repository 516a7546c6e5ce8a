// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

// Tensors of several slots for tests of the operators between products.
namespace acim::testing_device {

// Values of every size, among them all that are special.
inline std::vector<float> random_values(std::mt19937& draw, std::size_t n) {
    using Limits = std::numeric_limits<float>;
    const float special[] = {Limits::quiet_NaN(),
                             Limits::infinity(),
                             -Limits::infinity(),
                             -0.0F,
                             0.0F,
                             Limits::max(),
                             Limits::lowest(),
                             1e-42F,
                             Limits::denorm_min(),
                             1048576.5F};
    std::vector<float> out(n);
    for (float& x : out) {
        const auto mantissa = static_cast<float>(static_cast<int>(draw() % 2001) - 1000);
        x = draw() % 4 == 0 ? special[draw() % std::size(special)]
                            : std::ldexp(mantissa, static_cast<int>(draw() % 40) - 30);
    }
    return out;
}

// One NaN is as good as another: no operator and no result tells them apart.
inline std::vector<std::uint32_t> bits(const std::vector<float>& values) {
    std::vector<std::uint32_t> out;
    for (const float x : values)
        out.push_back(std::isnan(x) ? 0x7FC00000u : std::bit_cast<std::uint32_t>(x));
    return out;
}

}  // namespace acim::testing_device
