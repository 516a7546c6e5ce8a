// SPDX-License-Identifier: Apache-2.0
#include "host/stats/paired_difference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

std::vector<std::uint8_t> pack(const std::vector<bool>& correct) {
    std::vector<std::uint8_t> bytes((correct.size() + 7) / 8, 0);
    for (std::size_t k = 0; k < correct.size(); ++k) {
        if (correct[k]) bytes[k / 8] = static_cast<std::uint8_t>(bytes[k / 8] | 1U << (k % 8));
    }
    return bytes;
}

TEST(PairedDifference, EqualsScipyAndTheClosedForm) {
    std::vector<bool> a(100, true), b(100, true);
    for (std::size_t k = 0; k < 10; ++k) b[7 * k + 3] = false;
    for (std::size_t k = 90; k < 93; ++k) a[k] = false;
    const PairedDifference result = paired_difference(pack(a), pack(b), 100);
    EXPECT_EQ(result.only_a, 10U);
    EXPECT_EQ(result.only_b, 3U);
    EXPECT_DOUBLE_EQ(result.difference, 0.07);
    // scipy.stats.binomtest(3, 13, 0.5).pvalue
    EXPECT_NEAR(result.p_value, 0.09228515625, 1e-12);
    EXPECT_NEAR(result.interval.low, -0.0020254447865352965, 1e-12);
    EXPECT_NEAR(result.interval.high, 0.13928034674731962, 1e-12);
}

TEST(PairedDifference, IgnoresBitsPastTheLastImage) {
    const std::vector<std::uint8_t> a = {0xFF, 0xF8};
    const std::vector<std::uint8_t> b = {0xFF, 0x00};
    const PairedDifference result = paired_difference(a, b, 11);
    EXPECT_EQ(result.only_a, 0U);
    EXPECT_EQ(result.only_b, 0U);
    EXPECT_EQ(result.p_value, 1.0);
    EXPECT_EQ(paired_difference(a, b, 12).only_a, 1U);
}

TEST(PairedDifference, EqualTrialsStillHaveAWidth) {
    const std::vector<std::uint8_t> a = {0x3C};
    const PairedDifference result = paired_difference(a, a, 8);
    EXPECT_EQ(result.difference, 0.0);
    EXPECT_LT(result.interval.low, 0.0);
    EXPECT_GT(result.interval.high, 0.0);
}

TEST(PairedDifference, NoImagesAndShortBits) {
    EXPECT_TRUE(std::isnan(paired_difference({}, {}, 0).difference));
    const std::vector<std::uint8_t> a = {0x3C};
    EXPECT_THROW(paired_difference(a, a, 9), ContractError);
}

}  // namespace
}  // namespace acim
