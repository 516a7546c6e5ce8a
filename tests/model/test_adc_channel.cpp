// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "cuda/model/macro/adc_channel.hpp"

namespace acim {
namespace {

AdcScale four_bits() { return span_scale(AdcParams{4}, 15); }

TEST(AdcChannel, IdealEdgesGiveTheGridCode) {
    const AdcScale scale = four_bits();
    std::vector<std::int32_t> edges;
    for (int k = 0; k < 15; ++k)
        edges.push_back(static_cast<std::int32_t>(dnl_edge(0, k, 15, 0.0, 0, 0)));
    const AdcChannel ideal, listed{0.0, 0.0, edges.data()};
    for (std::int64_t a = -70000; a < 17 * 65536; a += 1024)
        ASSERT_EQ(channel_code(scale, listed, a), channel_code(scale, ideal, a)) << a;
}

TEST(AdcChannel, PositionIsGainAndOffset) {
    const AdcScale scale = four_bits();
    EXPECT_EQ(channel_position(scale, {}, 0.4, 0.0), 6 * 65536);
    EXPECT_EQ(channel_position(scale, {0.5, 0.0, nullptr}, 0.4, 0.0), 9 * 65536);
    EXPECT_EQ(channel_position(scale, {0.0, 0.25, nullptr}, 0.4, 0.5), 6 * 65536 + 49152);
    EXPECT_EQ(channel_position(scale, {}, 1e30, 0.0), std::int64_t{1} << 46);  // held, no overflow
    // A window that begins at 0.25 FS: v = lo has code 0.
    const AdcScale window = span_scale(AdcParams{4, AdcRange::window, 16384, 65536}, 15);
    EXPECT_EQ(channel_position(window, {}, 0.25, 0.0), 0);
    EXPECT_EQ(channel_position(window, {}, 1.0, 0.0), 15 * 65536);
}

TEST(AdcChannel, CodeCountsTheEdgesBelow) {
    std::mt19937 draw(4);
    const AdcScale scale = four_bits();
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<std::int32_t> edges;
        for (int k = 0; k < 15; ++k) edges.push_back(static_cast<std::int32_t>(draw() % 1000000));
        std::ranges::sort(edges);
        const AdcChannel adc{0.0, 0.0, edges.data()};
        for (int n = 0; n < 50; ++n) {
            const auto a = static_cast<std::int64_t>(draw() % 1000000);
            if (std::ranges::find(edges, a) != edges.end()) continue;
            ASSERT_EQ(channel_code(scale, adc, a),
                      std::ranges::count_if(edges, [&](std::int32_t e) { return e < a; }));
        }
    }
}

// The walk's chord is taken off: the first and the last edge stay where they are.
TEST(AdcChannel, DnlKeepsBothEnds) {
    const std::int64_t end = 7 << 24;
    EXPECT_EQ(dnl_edge(0, 0, 15, 0.3, 0, end), 32768);
    EXPECT_EQ(dnl_edge(0, 14, 15, 0.3, end, end), 14 * 65536 + 32768);
    // Half way along, half of the walk's end is the chord: 0.3*(5 - 3.5) LSB.
    EXPECT_EQ(dnl_edge(0, 7, 15, 0.3, 5 << 24, end), 7 * 65536 + 32768 + 29491);
    EXPECT_EQ(dnl_edge(-3, 0, 6, 0.3, 0, end), -3 * 65536 + 32768);
}

// Whatever a table says, an edge stays within 32 bits and beyond every code.
TEST(AdcChannel, EdgesAreHeld) {
    for (const double inl : {1e300, 40000.0, 16384.0})
        for (const int k : {0, 16382}) {
            EXPECT_EQ(shifted_edge(0, k, inl), k * 65536 + 32768 + (1 << 30));
            EXPECT_EQ(shifted_edge(0, k, -inl), k * 65536 + 32768 - (1 << 30));
        }
    EXPECT_EQ(shifted_edge(0, 3, 0.5), 4 * 65536);
}

// A voltage that is no number is held like one below every code.
TEST(AdcChannel, NotANumberIsBelow) {
    EXPECT_EQ(channel_position(four_bits(), {}, std::nan(""), 0.0), -(std::int64_t{1} << 46));
}

// Weight-parallel codes are signed and symmetric.
TEST(AdcChannel, WeightParallelScale) {
    const AdcScale scale = weight_parallel_scale(AdcParams{8}, 255, 1, 8);
    EXPECT_EQ(scale.full_scale, 255 * 127);
    EXPECT_EQ(scale.code_min, -127);
    EXPECT_EQ(scale.code_max, 127);
    EXPECT_EQ(channel_code(scale, {}, channel_position(scale, {}, -1.0, 0.0)), -127);
    EXPECT_EQ(channel_code(scale, {}, channel_position(scale, {}, -0.5 / 127, 0.0)), 0);
    EXPECT_EQ(channel_code(scale, {}, channel_position(scale, {}, -1.5 / 127, 0.0)), -2);
}

}  // namespace
}  // namespace acim
