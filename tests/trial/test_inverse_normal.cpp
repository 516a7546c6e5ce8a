// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/trial/inverse_normal_table.hpp"
#include "tests/trial/normal_reference.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

std::int32_t integer_normal(std::uint64_t u) { return inverse_normal(inverse_normal_table(), u); }

// The exact value in steps of 2^-24. For a top bit of 0 the tail probability is (2t+1)/2^65, t = u.
long double exact_normal(std::uint64_t u, std::int32_t near) {
    const bool negative = u >> 63 != 0;
    const std::uint64_t t = negative ? ~u : u;
    const long double p = std::ldexp(2.0L * static_cast<long double>(t) + 1.0L, -65);
    const long double start = std::ldexp(static_cast<long double>(std::abs(near)), -24);
    const long double z = std::ldexp(ref::inverse_tail(p, start), 24);
    return negative ? -z : z;
}

// Uniforms at both ends of every segment of every octave and at random places inside.
std::vector<std::uint64_t> probes() {
    std::mt19937_64 draw(4);
    std::vector<std::uint64_t> out = {0, 1, 2, 3};
    for (int octave = 1; octave < 64; ++octave) {  // t in [2^(63-octave), 2^(64-octave))
        const std::uint64_t low = std::uint64_t{1} << (63 - octave);
        for (std::uint64_t segment = 0; segment < 16; ++segment) {
            const std::uint64_t begin = low + low / 16 * segment;
            out.push_back(begin);
            out.push_back(begin + std::max<std::uint64_t>(low / 16, 1) - 1);
            for (int i = 0; i < 30; ++i)
                out.push_back(begin + draw() % std::max<std::uint64_t>(low / 16, 1));
        }
    }
    return out;
}

// SPEC section 7: |error| <= 2^-20, that is 16 steps of 2^-24.
TEST(InverseNormal, ErrorIsBelowTwoToMinusTwentyInEveryOctave) {
    long double worst = 0.0L;
    for (const std::uint64_t u : probes()) {
        ASSERT_EQ(u >> 63, 0u);
        const std::int32_t z = integer_normal(u);
        const long double error = std::abs(z - exact_normal(u, z));
        worst = std::max(worst, error);
        ASSERT_LE(error, 16.0L) << "u=" << u << " z=" << z;
    }
    RecordProperty("worst_steps_of_2_to_minus_24", std::to_string(static_cast<double>(worst)));
}

TEST(InverseNormal, ExtremesAndMiddle) {
    EXPECT_NEAR(integer_normal(0) * std::ldexp(1.0, -24), 9.1620, 0.01);  // Q(z) = 2^-65
    EXPECT_EQ(integer_normal(~std::uint64_t{0}), -integer_normal(0));
    const std::uint64_t half = std::uint64_t{1} << 63;
    EXPECT_LE(std::abs(integer_normal(half - 1)), 16);
    EXPECT_LE(std::abs(integer_normal(half)), 16);
}

TEST(InverseNormal, IsOddUnderComplement) {
    for (const std::uint64_t u : probes()) ASSERT_EQ(integer_normal(~u), -integer_normal(u)) << u;
}

// Falls with u up to the accuracy of the table: no octave or segment is out of place.
TEST(InverseNormal, FallsWithU) {
    std::vector<std::uint64_t> us = probes();
    std::ranges::sort(us);
    for (std::size_t i = 1; i < us.size(); ++i)
        ASSERT_LE(integer_normal(us[i]), integer_normal(us[i - 1]) + 32) << us[i];
}

// Moments of 2^22 stratified uniforms: mean 0 by symmetry, variance 1 up to the stratification.
TEST(InverseNormal, MomentsAreThoseOfTheNormalLaw) {
    constexpr int log_strata = 22;
    double sum = 0.0, squares = 0.0, fourth = 0.0;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << log_strata; ++i) {
        const std::uint64_t u = (2 * i + 1) << (63 - log_strata);
        const double z = integer_normal(u) * std::ldexp(1.0, -24);
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
    }
    const double n = std::ldexp(1.0, log_strata);
    EXPECT_NEAR(sum / n, 0.0, 1e-8);
    EXPECT_NEAR(squares / n, 1.0, 1e-5);
    EXPECT_NEAR(fourth / n, 3.0, 1e-3);
}

}  // namespace
}  // namespace acim
