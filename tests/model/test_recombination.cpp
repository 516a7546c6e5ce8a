// SPDX-License-Identifier: Apache-2.0
#include "cuda/model/macro/recombination.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace acim {
namespace {

// Digital conversions of W = X = 8, bit-serial: 1, 3, 6, ... 36 of 64 (ASiM's hybrid levels).
TEST(Recombination, HybridLevelsCountTopAntiDiagonals) {
    for (int weight_bits = 1; weight_bits <= 8; ++weight_bits)
        for (int cycles = 1; cycles <= 9; ++cycles)
            for (int levels = 0; levels <= std::min(weight_bits, cycles); ++levels) {
                int digital = 0;
                for (int i = 0; i < weight_bits; ++i)
                    for (int j = 0; j < cycles; ++j)
                        digital += is_top_level(levels, weight_bits, cycles, i, j) ? 1 : 0;
                EXPECT_EQ(digital, levels * (levels + 1) / 2);
            }
    EXPECT_TRUE(is_top_level(1, 8, 8, 7, 7));
    EXPECT_FALSE(is_top_level(1, 8, 8, 7, 6));
}

TEST(Recombination, CodeWeightCarriesTheCountsOfOneGrid) {
    const CycleLayout cycles = cycle_layout(8, 3, true);  // widths 3, 3, 1, sign
    AdcParams adc;
    EXPECT_EQ(code_weight(adc, cycles, -16, 0), -16 * 7);
    EXPECT_EQ(code_weight(adc, cycles, 5, 2), 5);
    EXPECT_EQ(code_weight(adc, cycles, 5, 3), 5);
    adc.range = AdcRange::counts;
    EXPECT_EQ(code_weight(adc, cycles, -16, 0), -16);
}

TEST(Recombination, OutputIsOneProductAndOneDivision) {
    // 255 rows at 8 bits: exact although 255/255 is formed from large integers.
    const OutputScale scale{.num = 7.0, .den = 3.0, .offset = 0.25};
    EXPECT_EQ(output_value(scale, 3 * 1234567, -8), 7.0 * 1234567 - 8 + 0.25);
    EXPECT_EQ(output_value(OutputScale{}, std::int64_t{1} << 50, 1), 1125899906842625.0);
}

}  // namespace
}  // namespace acim
