// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/macro/rounding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace acim {
namespace {

TEST(Rounding, DivisionGoesToTheNearestTiesToEven) {
    for (std::int64_t den = 1; den <= 40; ++den)
        for (std::int64_t num = -500; num <= 500; ++num) {
            const std::int64_t q = divide_half_even(num, den);
            const std::int64_t twice = 2 * (num - q * den);  // twice the remainder
            ASSERT_LE(std::abs(twice), den) << num << "/" << den;
            if (std::abs(twice) == den) {
                ASSERT_EQ(q % 2, 0) << num << "/" << den;
            }
        }
}

TEST(Rounding, DivisionOfLargeNumbersDoesNotOverflow) {
    const std::int64_t big = std::int64_t{1} << 62;
    EXPECT_EQ(divide_half_even(big, 1), big);
    EXPECT_EQ(divide_half_even(-big, big), -1);
    EXPECT_EQ(divide_half_even(big / 2, big), 0);
    EXPECT_EQ(divide_half_even(big / 2 + 1, big), 1);
}

TEST(Rounding, DoubleGoesToTheNearestTiesToEven) {
    EXPECT_EQ(round_half_even(0.5), 0);
    EXPECT_EQ(round_half_even(1.5), 2);
    EXPECT_EQ(round_half_even(-0.5), 0);
    EXPECT_EQ(round_half_even(-1.5), -2);
    EXPECT_EQ(round_half_even(std::nextafter(0.5, 1.0)), 1);
    EXPECT_EQ(round_half_even(std::nextafter(0.5, 0.0)), 0);
    for (std::int64_t i = -(std::int64_t{1} << 40); i < std::int64_t{1} << 40; i += 999999937)
        for (const double fraction : {0.0, 0.25, 0.5, 0.75}) {
            const double x = static_cast<double>(i) + fraction;
            ASSERT_EQ(round_half_even(x), std::llrint(x));
        }
    const double limit = 2251799813685248.0;  // 2^51
    EXPECT_EQ(round_half_even(limit - 0.5), std::llrint(limit - 0.5));
    EXPECT_EQ(round_half_even(-limit + 0.5), std::llrint(-limit + 0.5));
}

}  // namespace
}  // namespace acim
