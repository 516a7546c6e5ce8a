// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/normal_law.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/trial/normal_reference.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
constexpr long double ulp = 1.1102230246251565e-16L;  // 2^-53

TEST(NormalLaw, ExpMinusKeepsItsRelativeError) {
    std::mt19937_64 draw(1);
    std::uniform_real_distribution<double> small(0.0, 2.0), wide(0.0, 700.0);
    for (int i = 0; i < 200000; ++i) {
        const double x = i % 2 != 0 ? small(draw) : wide(draw);
        const long double exact = std::exp(-static_cast<long double>(x));
        const long double bound = (4e-16L + x * ulp) * exact;
        ASSERT_LE(std::abs(exp_minus(x) - exact), bound) << "x=" << x;
    }
    EXPECT_EQ(exp_minus(0.0), 1.0);
    EXPECT_NEAR(exp_minus(1e-300), 1.0, 2e-16);
}

// Beyond the range of double it goes to zero and stays finite.
TEST(NormalLaw, ExpMinusOfHugeArgumentsIsTiny) {
    for (const double x : {746.0, 1e4, 1e9, 1e18, 1e300, HUGE_VAL}) {
        EXPECT_GE(exp_minus(x), 0.0) << x;
        EXPECT_LT(exp_minus(x), 1e-300) << x;
    }
    for (double x = 700.0; x < 746.0; x += 0.25) {
        EXPECT_LE(exp_minus(x), 1e-300) << x;
        EXPECT_GE(exp_minus(x), 0.0) << x;
    }
}

TEST(NormalLaw, LogarithmKeepsItsAbsoluteError) {
    std::mt19937_64 draw(2);
    std::uniform_real_distribution<double> power(-300.0, 300.0), near(0.5, 2.0);
    for (int i = 0; i < 200000; ++i) {
        const double x = i % 2 != 0 ? near(draw) : std::pow(10.0, power(draw));
        const long double exact = std::log(static_cast<long double>(x));
        ASSERT_LE(std::abs(natural_log(x) - exact), 1e-15L * std::max(1.0L, std::abs(exact)))
            << "x=" << x;
    }
    EXPECT_EQ(natural_log(1.0), 0.0);
}

TEST(NormalLaw, TailKeepsItsErrors) {
    for (int i = -40000; i <= 37037; ++i) {
        const double z = i * 0.000999;
        const long double exact = ref::tail(z), error = std::abs(normal_tail(z) - exact);
        ASSERT_LE(error, 5e-16L) << "z=" << z;
        ASSERT_LE(error, 1e-13L * exact) << "z=" << z;
    }
    EXPECT_EQ(normal_tail(0.0), 0.5);
}

// Tables of very small sigma ask for the tail far out; it must be a probability there too.
TEST(NormalLaw, TailFarOutIsZeroOrOne) {
    for (const double z : {40.0, 100.0, 1e6, 1e155, 1e200, HUGE_VAL}) {
        EXPECT_GE(normal_tail(z), 0.0) << z;
        EXPECT_LE(normal_tail(z), 1e-300) << z;
        EXPECT_EQ(normal_tail(-z), 1.0) << z;
    }
}

TEST(NormalLaw, SliceKeepsItsError) {
    std::mt19937_64 draw(8);
    std::uniform_real_distribution<double> centre(-12.0, 12.0), width(1e-4, 3.0);
    for (int i = 0; i < 100000; ++i) {
        const double c = centre(draw), w = width(draw);
        const long double low = c - 0.5L * w, high = c + 0.5L * w;
        const long double exact = ref::between(low, high);
        // The reference itself cancels: two tails of up to 1/2, each good to 2^-64.
        const long double bound = w <= 1.0 ? 1e-15L * exact + 1e-18L : 6e-16L;
        ASSERT_LE(std::abs(normal_slice(c, w) - exact), bound) << c << " " << w;
    }
    EXPECT_EQ(normal_slice(0.0, 1e6), 1.0);
    EXPECT_EQ(normal_slice(1e200, 1e100), 0.0);
}

TEST(NormalLaw, InverseTailKeepsItsError) {
    std::mt19937_64 draw(3);
    std::uniform_real_distribution<double> power(-65.0, -1.0), middle(0.01, 0.5);
    for (int i = 0; i < 20000; ++i) {
        const double p = i % 2 != 0 ? middle(draw) : std::exp2(power(draw));
        const double z = inverse_normal_tail(p);
        ASSERT_LE(std::abs(z - ref::inverse_tail(p, z)), 1e-13L) << "p=" << p;
    }
    EXPECT_NEAR(inverse_normal_tail(0.5), 0.0, 1e-13);
}

}  // namespace
}  // namespace acim
