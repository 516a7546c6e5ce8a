// SPDX-License-Identifier: Apache-2.0
// The equations of the AiDAC chain, one by one. Statistical cases have fixed seeds and allow five
// standard errors of a standard deviation, 5/sqrt(2n): odds of 6e-7 for a correct formula.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "cuda/model/aidac/column.hpp"
#include "cuda/model/aidac/row_conversion.hpp"
#include "cuda/model/aidac/time.hpp"

namespace acim {
namespace {

using aidac::Terms;

AidacParams parasitics(double r1, double r3, double r4) {
    AidacParams p;
    p.row_parasitic = r1;
    p.column_parasitic = r3;
    p.join_parasitic = r4;
    return p;
}

Terms terms_of(const AidacParams& p, double unit_sigma = 0.0) {
    CellParams cell;
    cell.unit_capacitance = 1.0;
    cell.mismatch = unit_sigma;
    return aidac::chain_terms(p, cell, {}, 0.9);
}

TEST(AidacOperand, IsOffsetBinaryAndLeftAligned) {
    EXPECT_EQ(aidac::array_operand(255, 0, 8), 255);
    EXPECT_EQ(aidac::array_operand(-128, 128, 8), 0);
    EXPECT_EQ(aidac::array_operand(127, 128, 8), 255);
    EXPECT_EQ(aidac::array_operand(-3, 8, 4), 80);
    EXPECT_EQ(aidac::array_operand(1, 0, 1), 128);
}

TEST(AidacRow, ColumnsFormADummyAndGroupsOfPowersOfTwo) {
    int units[8] = {};
    EXPECT_EQ(aidac::input_group(0), -1);
    for (int column = 1; column < aidac::row_units; ++column) {
        const int bit = aidac::input_group(column);
        ASSERT_GE(bit, column == 1 ? 0 : aidac::input_group(column - 1));
        ++units[bit];
    }
    for (int b = 0; b < 8; ++b) EXPECT_EQ(units[b], 1 << b);
}

// Equal units: the integers of the operands, exactly, whatever the parasitics.
TEST(AidacChain, WithoutMismatchEffectiveOperandsAreExact) {
    const std::int8_t q[8] = {};
    const std::int32_t sums[8] = {};
    for (const double r : {0.0, 0.1, 0.3, 0.777, 5.0}) {
        const Terms t = terms_of(parasitics(r, r / 3, 2 * r));
        double bits[8];
        for (int b = 0; b < 8; ++b) {
            ASSERT_EQ(aidac::effective_input_bit(t, b, 0, 0), 64 << b);
            bits[b] = aidac::bit_weight(t, b, {}, 0);
        }
        for (int w = 0; w < 256; ++w) {
            ASSERT_EQ(aidac::effective_weight(t, w, bits, q), 64 * w);
            const double share = aidac::grouped_share(t, sums);
            ASSERT_EQ(aidac::effective_grouped_weight(t, w, share, q), 64 * w);
        }
    }
}

// One unit of 32 units too much, s_u/16 = 1/16: by hand.
TEST(AidacChain, ADeviationMovesItsShare) {
    Terms t = terms_of(parasitics(0.5, 0.25, 0.125), 1.0);
    t.rows = 128;
    // C(G_7) = 128 + 16, C_row = 256 + 32 + 128 parasitic; times 1.5*256.
    EXPECT_EQ(aidac::effective_input_bit(t, 7, 256, 512),
              std::lround(64 * 1.5 * 256 * 144.0 / 416.0));
    // Column share 1.25*128/(128 + 8 + 32), joined 4 + 2 of 255 + 4 + 31.875, times 1.125*255.
    const double bit = aidac::bit_weight(t, 2, {128, 32}, 64);
    EXPECT_NEAR(bit, 160.0 / 168.0 * 286.875 * 6.0 / 290.875, 1e-13);
    const double bits[8] = {0, 0, bit, 0, 0, 0, 0, 0};
    const std::int8_t q[8] = {5, 5, -8, 5, 5, 5, 5, 5};
    EXPECT_EQ(aidac::effective_weight(t, 4, bits, q), std::lround(64 * 0.5 * bit));
    // A group of 16 units deviates by 4 times the unit's sigma; groups 0 and 4 are too large.
    const std::int32_t sums[8] = {16, 0, 0, 0, 64, 0, 0, 0};
    const double share = aidac::grouped_share(t, sums);
    EXPECT_NEAR(share, 1.25 * 32640 / (32640 + 1 + 16 + 8160), 1e-13);
    const std::int8_t p[8] = {0, 0, 0, 0, -8, 0, 0, 0};
    EXPECT_EQ(aidac::effective_grouped_weight(t, 17, share, p), std::lround(64 * share * (1 + 14)));
}

// q of n units with sigma 16: what a unit normal of sigma s_u gives.
std::int32_t deviations(std::mt19937& draw, int n) {
    std::normal_distribution<double> normal(0.0, 16.0);
    std::int32_t sum = 0;
    for (int i = 0; i < n; ++i) sum += static_cast<std::int32_t>(std::nearbyint(normal(draw)));
    return sum;
}

// One row at half scale errs by s_u/32 of full scale; a join of half its units nearly does too.
TEST(AidacChain, WorstCodesErrByAThirtySecondOfTheUnit) {
    constexpr int n = 10000;
    constexpr double unit = 0.05;
    const Terms t = terms_of({}, unit);
    std::mt19937 draw(5);
    double row = 0.0, join = 0.0;
    for (int i = 0; i < n; ++i) {
        const std::int32_t group = deviations(draw, 128), rest = deviations(draw, 128);
        const double v = aidac::effective_input_bit(t, 7, group, group + rest) / (64.0 * 256.0);
        row += (v - 0.5) * (v - 0.5);
        const std::int32_t others = deviations(draw, 127);
        const double w = 0.5 * aidac::bit_weight(t, 7, {0, group}, group + others) / 255.0;
        join += (w - 64.0 / 255.0) * (w - 64.0 / 255.0);
    }
    const double tolerance = 5 / std::sqrt(2.0 * n);
    EXPECT_NEAR(std::sqrt(row / n) / (unit / 32), 1.0, tolerance);
    const double expected = unit * 0.5 * std::sqrt(128.0 * 127.0) / 255.0 / std::sqrt(255.0);
    EXPECT_NEAR(std::sqrt(join / n) / expected, 1.0, tolerance);
}

TEST(AidacNoise, ThermalNoiseOfTheJoinedUnits) {
    CellParams cell;
    cell.unit_capacitance = 2e-15;
    AidacParams p;
    EXPECT_EQ(aidac::block_thermal_sigma(p, cell, 0.0), 0.0);  // off without a temperature
    cell.temperature = 300.0;
    EXPECT_NEAR(aidac::block_thermal_sigma(p, cell, 0.9) * 0.9, 90.1e-6, 0.05e-6);
    const double total = aidac::fresh_sigma(p, cell, 0.9, 8, 0.0) / 256;
    EXPECT_NEAR(total, 0.00354e-2, 0.00001e-2);
    cell.unit_capacitance *= 2;
    EXPECT_NEAR(aidac::fresh_sigma(p, cell, 0.9, 8, 0.0) / 256, total / std::sqrt(2.0), 1e-12);
    cell.unit_capacitance /= 2;
    p = parasitics(0.1, 0.2, 0.3);
    EXPECT_NEAR(aidac::fresh_sigma(p, cell, 0.9, 8, 0.0) / 256, total * 1.1 * 1.2 * 1.3, 1e-12);
    p.topology = AidacTopology::grouped_weight;  // 128 times the units, only the column's loss
    EXPECT_NEAR(aidac::fresh_sigma(p, cell, 0.9, 8, 0.0) / 256, total * 1.2 / std::sqrt(128.0),
                1e-12);
}

TEST(AidacNoise, JitterOfAllBlocksIs2p83PicosecondsOf5p12Nanoseconds) {
    AidacParams p;
    EXPECT_EQ(aidac::jitter_sigma(p), 0.0);
    p.jitter = 1e-12;
    p.full_scale_time = 0.64e-9;
    const double mean = aidac::mean_of_blocks(aidac::jitter_sigma(p), 8, 10) / 1024;
    EXPECT_NEAR(mean * 8 * 0.64e-9, 2.83e-12, 0.005e-12);
    EXPECT_NEAR(mean, 0.0552e-2, 0.0001e-2);
    EXPECT_NEAR(aidac::fresh_sigma(p, {}, 0.0, 10, 3.0), std::hypot(mean * 1024, 3.0), 1e-12);
}

TEST(AidacTime, TermsOfABlockInTheirOrder) {
    AidacParams p = parasitics(0.1, 0.1, 0.1);
    p.vtc_offset = 3e-3;
    p.vtc_gain = 5e-3;
    p.vtc_inl = 1.7e-3;
    CellParams cell;
    cell.unit_capacitance = 2e-15;
    cell.leakage = 10e-12;
    cell.hold_time = 15e-9;
    SwitchParams switches;
    switches.injection_offset = 0.5e-3;
    switches.injection_gain = 1e-3;
    switches.settling_error = 1.5e-3;
    const Terms t = aidac::chain_terms(p, cell, switches, 0.9);
    EXPECT_TRUE(t.any_fixed());
    EXPECT_TRUE(t.any_static());
    EXPECT_EQ(t.full_scale, 4096.0 * 128 * 256 * 255);
    EXPECT_NEAR(t.vtc_offset, 3e-3 / 0.9 * 1.331, 1e-15);
    const auto half = static_cast<std::int64_t>(t.full_scale / 2);
    const double v = (0.5 + 0.5e-3 / 0.9 - 0.5e-3) * 0.9985 - 0.15e-3 / 1.8;
    EXPECT_NEAR(aidac::block_voltage(t, half), v, 1e-15);
    EXPECT_NEAR(aidac::block_time(t, {0.01, -0.002}, 0.25),
                0.2525 - 0.002 + 4 * 1.7e-3 * 0.25 * 0.75, 1e-15);
}

// A term that is off leaves the ratio of the sums untouched, to the last bit.
TEST(AidacTime, WithoutErrorsATimeIsTheRatioOfItsSum) {
    const Terms t = terms_of(parasitics(0.1, 0.2, 0.3));
    EXPECT_FALSE(t.any_fixed());
    EXPECT_FALSE(t.any_static());
    std::mt19937_64 draw(3);
    for (int i = 0; i < 1000; ++i) {
        const auto sum = static_cast<std::int64_t>(draw() % (std::uint64_t{1} << 45));
        ASSERT_EQ(aidac::block_time(t, {}, aidac::block_voltage(t, sum)),
                  static_cast<double>(sum) / t.full_scale);
    }
}

TEST(AidacTdc, PositionsAndCodes) {
    const AdcScale tdc = aidac::tdc_scale(8);
    EXPECT_EQ(aidac::tdc_position(tdc, 4.0, 8), 128 * 65536);
    EXPECT_EQ(grid_code(tdc, aidac::tdc_position(tdc, 8.0, 8)), 255);  // 256 is no code
    EXPECT_EQ(grid_code(tdc, aidac::tdc_position(tdc, -0.5, 8)), 0);
    EXPECT_EQ(grid_code(tdc, aidac::tdc_position(tdc, 8 * 2.5 / 256, 8)), 2);  // ties to even
    EXPECT_EQ(grid_code(tdc, aidac::tdc_position(tdc, 8 * 3.5 / 256, 8)), 4);
    EXPECT_EQ(aidac::tdc_position(tdc, 1e300, 8), std::int64_t{1} << 46);
    EXPECT_EQ(aidac::tdc_position(tdc, -1e300, 8), -(std::int64_t{1} << 46));
}

// rne(2^B * sum / (rows*256*255)), ties included, against long division in 128 bits.
TEST(AidacTdc, IdealCodesAreExact) {
    std::mt19937_64 draw(4);
    int ties = 0;
    for (int i = 0; i < 20000; ++i) {
        const int bits = 1 + static_cast<int>(draw() % 14);
        const int rows = 1 + static_cast<int>(draw() % 32768);
        const std::int64_t full = std::int64_t{rows} * 65280;
        auto sum = static_cast<std::int64_t>(draw() % (std::uint64_t(rows) * 65025 + 1));
        if (i % 2 == 0 && bits < 8) {  // half a code: full is a multiple of 2^8
            const auto code = static_cast<std::int64_t>(draw() % (1u << bits));
            sum = (2 * code + 1) * (full >> (bits + 1));
            ++ties;
        }
        const __int128 scaled = static_cast<__int128>(sum) << bits;
        auto code = static_cast<std::int64_t>(scaled / full);
        const auto twice = static_cast<std::int64_t>(2 * (scaled % full));
        if (twice > full || (twice == full && code % 2 != 0)) ++code;
        ASSERT_EQ(aidac::ideal_tdc_code(aidac::tdc_scale(bits), sum, rows),
                  std::min(code, (std::int64_t{1} << bits) - 1));
    }
    EXPECT_GT(ties, 1000);
}

}  // namespace
}  // namespace acim
