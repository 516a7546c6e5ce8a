// SPDX-License-Identifier: Apache-2.0
// Functions of constants against libm, and their bits.
#include "host/onnx/constant_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/onnx/model_builder.hpp"

namespace acim::onnx_import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Largest |found - expected| in units of `unit(expected)` over floats from low to high.
template <class Found, class Expected, class Unit>
double largest_error(float low, float high, Found found, Expected expected, Unit unit) {
    std::mt19937 random(1);
    double largest = 0.0;
    for (int i = 0; i < 200000; ++i) {
        const double part = static_cast<double>(random()) / 0x1p32;
        const double x = static_cast<float>(low + part * (double{high} - low));
        largest = std::max(largest, std::abs(found(x) - expected(x)) / unit(expected(x)));
    }
    return largest;
}

double relative(double expected) { return std::abs(expected); }
double absolute(double) { return 1.0; }

// float32 resolves 6e-8.
TEST(ConstantFunctions, AgreeWithLibm) {
    const auto exp = [](double x) { return std::exp(x); };
    const auto log = [](double x) { return std::log(x); };
    const auto sin = [](double x) { return std::sin(x); };
    const auto cos = [](double x) { return std::cos(x); };
    EXPECT_LT(largest_error(-100.0F, 88.0F, constant_exp, exp, relative), 1e-13);
    EXPECT_LT(largest_error(1e-6F, 10.0F, constant_log, log, absolute), 1e-14);
    EXPECT_LT(largest_error(1.0F, 1e30F, constant_log, log, relative), 1e-15);
    for (const float most : {4.0F, 1000.0F, 0x1p20F}) {
        EXPECT_LT(largest_error(-most, most, constant_sin, sin, relative), 1e-15);
        EXPECT_LT(largest_error(-most, most, constant_cos, cos, relative), 1e-15);
    }
    for (const double power : {2.0, 3.0, -2.0, -7.0, 0.5, -0.5, 0.3, 1.7, -2.2, 65.0}) {
        const auto pow = [&](double x) { return std::pow(x, power); };
        const auto own = [&](double x) { return constant_pow(x, power); };
        EXPECT_LT(largest_error(0.01F, 100.0F, own, pow, relative), 1e-13) << power;
    }
}

// Close to multiples of pi/2 only the rest is left: as exact as elsewhere.
TEST(ConstantFunctions, AnglesNearQuadrantsAreExact) {
    for (const double turns : {1.0, 2.0, 3.0, 710.0, 65537.0, 667543.0}) {
        const double x = static_cast<float>(turns * std::acos(0.0));
        EXPECT_NEAR(constant_sin(x) / std::sin(x), 1.0, 1e-15) << turns;
        EXPECT_NEAR(constant_cos(x) / std::cos(x), 1.0, 1e-15) << turns;
    }
}

TEST(ConstantFunctions, SpecialCasesAreThoseOfLibm) {
    const std::vector<double> values{0.0, -0.0, 1.0,  -1.0, 0.5,      -0.5,      2.0,    -2.0,
                                     3.0, -3.0, 1e30, 64.0, infinity, -infinity, 0x1p53, NAN};
    const auto is_same = [](double a, double b) {
        return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
    };
    for (const double a : values)
        for (const double b : values) {
            const double expected = std::pow(a, b), found = constant_pow(a, b);
            EXPECT_TRUE(is_same(static_cast<float>(found), static_cast<float>(expected)))
                << a << " to the power " << b << ": " << found;
        }
    for (const double x : {0.0, -0.0, infinity, -infinity, double{NAN}}) {
        EXPECT_TRUE(is_same(constant_exp(x), std::exp(x))) << x;
        EXPECT_TRUE(is_same(constant_log(x), std::log(x))) << x;
        EXPECT_TRUE(is_same(constant_sin(x), std::sin(x))) << x;
        EXPECT_TRUE(is_same(constant_cos(x), std::cos(x))) << x;
    }
    EXPECT_TRUE(std::isnan(constant_log(-1.0)));
}

// What is folded into a network may not change with the machine or the compiler.
TEST(ConstantFunctions, BitsStay) {
    EXPECT_EQ(constant_exp(1.0), 0x1.5bf0a8b145769p+1);
    EXPECT_EQ(constant_log(10.0), 0x1.26bb1bbb55516p+1);
    EXPECT_EQ(constant_pow(10000.0, -0.375), 0x1.030dc4ea03a71p-5);
    EXPECT_EQ(constant_sin(123.0), -0x1.d6f0f0cf4fe86p-2);
    EXPECT_EQ(constant_cos(123456.0), -0x1.583708e3f768bp-1);
}

TEST(ConstantFunctions, LargerAnglesAreRefused) {
    ModelBuilder model({2});
    model.reals("a", {2}, {1.0F, 2097152.0F});
    model.node("Sin", {"a"}, "s").node("Add", {"x", "s"}, "y");
    EXPECT_EQ(
        model.message(),
        "node 's_node' (Sin): takes an angle of 2097152. Up to 1048576 radians are supported");
}

}  // namespace
}  // namespace acim::onnx_import
