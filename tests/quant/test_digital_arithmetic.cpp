// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/pool.hpp"
#include "cuda/model/digital/quantise.hpp"

namespace acim::digital {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(Quantise, RoundsHalfToEven) {
    EXPECT_EQ(quantise(0.5F, 1.0F, -127, 127), 0);
    EXPECT_EQ(quantise(1.5F, 1.0F, -127, 127), 2);
    EXPECT_EQ(quantise(2.5F, 1.0F, -127, 127), 2);
    EXPECT_EQ(quantise(-0.5F, 1.0F, -127, 127), 0);
    EXPECT_EQ(quantise(-1.5F, 1.0F, -127, 127), -2);
    EXPECT_EQ(quantise(std::nextafter(0.5F, 1.0F), 1.0F, 0, 255), 1);
    EXPECT_EQ(quantise(std::nextafter(1.5F, 1.0F), 1.0F, 0, 255), 1);
    EXPECT_EQ(quantise(254.5F, 1.0F, 0, 255), 254);
}

TEST(Quantise, SaturatesAndDefinesNan) {
    EXPECT_EQ(quantise(255.5F, 1.0F, 0, 255), 255);
    EXPECT_EQ(quantise(1e30F, 1e-30F, 0, 511), 511);
    EXPECT_EQ(quantise(-1e30F, 1.0F, 0, 255), 0);
    EXPECT_EQ(quantise(-1e30F, 1.0F, -127, 127), -127);
    EXPECT_EQ(quantise(inf, 1.0F, -127, 127), 127);
    EXPECT_EQ(quantise(-inf, 1.0F, -127, 127), -127);
    EXPECT_EQ(quantise(nan, 1.0F, -127, 127), 0);
    EXPECT_EQ(quantise(nan, 1.0F, 0, 255), 0);
}

// Against libm's nearbyint on a million quotients around the range, and on every half step.
TEST(Quantise, EqualsNearbyintAndClamp) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> values(-700.0F, 700.0F);
    for (int i = 0; i < 1000000; ++i) {
        const float x = i < 2800 ? static_cast<float>(i - 1400) * 0.5F : values(random);
        const float scale = i < 2800 ? 1.0F : 0.37F;
        const float expected = std::fmin(std::fmax(std::nearbyint(x / scale), -511.0F), 511.0F);
        ASSERT_EQ(quantise(x, scale, -511, 511), static_cast<int>(expected)) << x;
    }
}

TEST(Quantise, BoundsFollowTheBits) {
    EXPECT_EQ(quantised_low(8, true), -127);
    EXPECT_EQ(quantised_high(8, true), 127);
    EXPECT_EQ(quantised_low(8, false), 0);
    EXPECT_EQ(quantised_high(8, false), 255);
    EXPECT_EQ(quantised_high(9, false), 511);
    EXPECT_EQ(quantised_high(9, true), 255);
    EXPECT_EQ(quantised_high(2, true), 1);
    EXPECT_EQ(quantised_high(1, false), 1);
}

TEST(Dequantise, RoundsTwiceInDoubleAndOnceToFloat) {
    const double scale = product_scale(0.1F, 0.3F);
    EXPECT_EQ(scale, static_cast<double>(0.1F) * static_cast<double>(0.3F));
    EXPECT_EQ(dequantise(3.0, 0.5, 0.25F), 1.75F);
    // (1 + 2^-52)(1 - 2^-52) - 1 is -2^-104 when fused and 0 after two roundings.
    const double step = std::ldexp(1.0, -52);
    EXPECT_EQ(dequantise(1.0 + step, 1.0 - step, -1.0F), 0.0F);
}

TEST(Elementwise, DefinesSpecialValues) {
    EXPECT_EQ(relu(-3.0F), 0.0F);
    EXPECT_EQ(relu(3.0F), 3.0F);
    EXPECT_EQ(relu(nan), 0.0F);
    EXPECT_FALSE(std::signbit(relu(-0.0F)));
    EXPECT_EQ(clip(7.0F, 0.0F, 6.0F), 6.0F);
    EXPECT_EQ(clip(-7.0F, -1.0F, 6.0F), -1.0F);
    EXPECT_EQ(clip(nan, -1.0F, 6.0F), -1.0F);
    EXPECT_EQ(clip(2.5F, -inf, inf), 2.5F);
    EXPECT_EQ(affine(3.0F, 2.0F, -1.0F), 5.0F);
    EXPECT_EQ(max_pool_step(1.0F, nan), 1.0F);
    EXPECT_EQ(max_pool_step(max_pool_start, -1e38F), -1e38F);
}

TEST(AveragePool, IsExactFixedPoint) {
    EXPECT_EQ(average_pool_term(1.0F, 24), 1 << 24);
    EXPECT_EQ(average_pool_term(-1.5F, 24), -(3 << 23));
    EXPECT_EQ(average_pool_term(0.5F, 0), 0);
    EXPECT_EQ(average_pool_term(1.5F, 0), 2);
    EXPECT_EQ(average_pool_term(-2.5F, 0), -2);
    EXPECT_EQ(average_pool_term(nan, 24), 0);
    EXPECT_EQ(average_pool_term(inf, 24), average_pool_term_limit);
    EXPECT_EQ(average_pool_term(-1e30F, 24), -average_pool_term_limit);
    // The largest float below 2^20 is not yet saturated.
    const float last = std::nextafter(1048576.0F, 0.0F);
    EXPECT_EQ(average_pool_term(last, 24), average_pool_term_limit - (1 << 20));
    EXPECT_EQ(average_pool_result(3 * (std::int64_t{1} << 24), 4, 24), 0.75F);
    EXPECT_EQ(average_pool_result(1 << 24, 3, 24), 1.0F / 3.0F);
    // The longest sum of the largest terms stays inside int64.
    EXPECT_EQ(average_pool_result(average_pool_term_limit * average_pool_count_limit,
                                  average_pool_count_limit, 24),
              1048576.0F);
}

}  // namespace
}  // namespace acim::digital
