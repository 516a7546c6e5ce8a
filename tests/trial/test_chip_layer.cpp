// SPDX-License-Identifier: Apache-2.0
// What a chip keeps: drawn from the chip's key and the physical place alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/trial/chip_layer.hpp"

namespace acim {
namespace {

constexpr std::uint64_t seed = 11;

LayerSettings mismatch_settings() {
    LayerSettings s;
    s.macro.rows = 64;
    s.macro.mapping = RowMapping::dense;
    s.macro.cell.unit_capacitance = 1e-15;
    s.macro.cell.mismatch = 0.01 * std::sqrt(1e-15);
    return s;
}

LayerPlan plan_of(const LayerSettings& settings, const LayerShape& shape) {
    CycleLawCache cache;
    return make_layer_plan(settings, shape, cache);
}

ProductSite site_on(std::uint32_t chip, int outputs) {
    ProductSite site;
    site.chip = chip_key(seed, chip);
    site.layer = 3;
    site.outputs = outputs;
    return site;
}

std::vector<int> all_cells(const LayerPlan& plan, const ChipLayer& chip, int outputs) {
    std::vector<int> q;
    for (int g = 0; g < plan.groups; ++g)
        for (int o = 0; o < outputs; ++o)
            for (int i = 0; i < plan.columns.count; ++i)
                for (const std::int8_t cell : chip.cells(g, o, i)) q.push_back(cell);
    return q;
}

TEST(ChipLayer, TheSameChipTwiceIsTheSameToTheBit) {
    const LayerPlan plan = plan_of(mismatch_settings(), {10, 150, 1, false});
    ASSERT_TRUE(plan.per_chip);
    ASSERT_EQ(plan.path, SamplingPath::chip);
    const ChipLayer first(plan, 10, site_on(0, 10)), again(plan, 10, site_on(0, 10)),
        other(plan, 10, site_on(1, 10));
    EXPECT_EQ(all_cells(plan, first, 10), all_cells(plan, again, 10));
    EXPECT_NE(all_cells(plan, first, 10), all_cells(plan, other, 10));
}

// 3 groups x 40 outputs x 8 columns x 64 cells = 61440 draws a chip. Odds: means beyond 5 standard
// errors once in 1.7 million, correlations alike; the seed is fixed.
TEST(ChipLayer, CellsAreUnitNormalsAndChipsAreIndependent) {
    const LayerPlan plan = plan_of(mismatch_settings(), {40, 150, 1, false});
    const auto a = all_cells(plan, ChipLayer(plan, 40, site_on(0, 40)), 40);
    const auto b = all_cells(plan, ChipLayer(plan, 40, site_on(1, 40)), 40);
    const double n = static_cast<double>(a.size());
    ASSERT_EQ(a.size(), 61440u);
    double sum = 0, squares = 0, product = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += a[i];
        squares += a[i] * a[i];
        product += a[i] * b[i];
    }
    const double variance = 256.0 + 1.0 / 12;  // of rne(16 z)
    EXPECT_LT(std::abs(sum / n), 5 * std::sqrt(variance / n));
    EXPECT_LT(std::abs(squares / n - variance), 5 * variance * std::sqrt(2 / n));
    EXPECT_LT(std::abs(product / n), 5 * variance / std::sqrt(n));
}

// Every cell of a full column takes part in the column's capacitance, used or not.
TEST(ChipLayer, ColumnSumsCoverAllCells) {
    const LayerPlan plan = plan_of(mismatch_settings(), {4, 70, 1, false});
    const ChipLayer chip(plan, 4, site_on(0, 4));
    for (int g = 0; g < plan.groups; ++g)
        for (int i = 0; i < 8; ++i) {
            ASSERT_EQ(chip.cells(g, 2, i).size(), 64u);
            double sum = 0;
            for (const std::int8_t q : chip.cells(g, 2, i)) sum += q;
            EXPECT_EQ(chip.column(g, 2, i).q_sum, sum);
        }
}

// Outputs cut into parts, as grouped convolutions are, keep their places.
TEST(ChipLayer, PartsOfALayerAreTheWholeLayer) {
    const LayerPlan plan = plan_of(mismatch_settings(), {6, 60, 1, false});
    const ChipLayer whole(plan, 6, site_on(2, 6));
    ProductSite site = site_on(2, 6);
    site.first_output = 4;
    const ChipLayer part(plan, 2, site);
    for (int i = 0; i < 8; ++i)
        for (std::size_t r = 0; r < 64; ++r)
            EXPECT_EQ(part.cells(0, 1, i)[r], whole.cells(0, 5, i)[r]);
}

// One array serves every layer and tile: the same place gives the same cells.
TEST(ChipLayer, ASharedArrayIsTheSameForEveryTile) {
    LayerSettings settings = mismatch_settings();
    settings.macro.array = {32, 1, 1, 1};  // 4 outputs a tile, one array
    const LayerPlan plan = plan_of(settings, {8, 60, 1, false});
    ProductSite elsewhere = site_on(0, 8);
    elsewhere.layer = 7;
    elsewhere.first_tile = 5;
    const ChipLayer here(plan, 8, site_on(0, 8)), there(plan, 8, elsewhere);
    EXPECT_EQ(all_cells(plan, here, 8), all_cells(plan, there, 8));
    for (std::size_t r = 0; r < 64; ++r) EXPECT_EQ(here.cells(0, 1, 3)[r], here.cells(0, 5, 3)[r]);
}

// Arrays of a layer and arrays of the network are different arrays.
TEST(ChipLayer, SharedArraysAreNoLayersOwn) {
    LayerSettings settings = mismatch_settings();
    const LayerPlan own = plan_of(settings, {4, 60, 1, false});
    settings.macro.array.count = 7;
    const LayerPlan shared = plan_of(settings, {4, 60, 1, false});
    ProductSite site = site_on(0, 4);
    site.layer = 0;
    EXPECT_NE(all_cells(own, ChipLayer(own, 4, site), 4),
              all_cells(shared, ChipLayer(shared, 4, site), 4));
}

TEST(ChipLayer, ColumnsShareAdcs) {
    LayerSettings settings = mismatch_settings();
    settings.macro.cell = {};
    settings.macro.adc_errors.offset = 0.5;
    settings.macro.adc_errors.gain = 0.01;
    settings.macro.array.columns_per_adc = 4;
    const LayerPlan plan = plan_of(settings, {16, 64, 1, false});
    const ChipLayer chip(plan, 16, site_on(0, 16));
    EXPECT_EQ(chip.adcs(), 16u * 8 / 4);
    std::set<double> offsets;
    for (int o = 0; o < 16; ++o)
        for (int i = 0; i < 8; ++i) {
            EXPECT_EQ(chip.column(0, o, i).adc, chip.column(0, o, i / 4 * 4).adc);
            offsets.insert(chip.adc(chip.column(0, o, i).adc).offset);
        }
    EXPECT_EQ(offsets.size(), 32u);
}

// The spread of the draws scales with the sigma and nothing else: chips are paired across sigmas.
// A voltage is V/V_ref of the full scale, times 1 + r where the parasitic gain is calibrated out, so
// many LSB: the same draws, the same bits.
TEST(ChipLayer, AdcErrorsInVoltsAreThoseInLsb) {
    LayerSettings volts = mismatch_settings();
    MacroParams& m = volts.macro;
    m.v_ref = 0.8;
    m.cell.parasitic_ratio = 0.25;
    m.adc.bits = 7;
    m.adc_errors.offset_volt = 0.003;
    m.adc_errors.dnl_volt = 0.001;
    m.adc_errors.comparator_volt = 0.0005;
    LayerSettings lsb = volts;
    AdcErrorParams& e = lsb.macro.adc_errors;
    e = {};
    e.offset = 0.003 * (1.25 / 0.8) * 127;
    e.dnl = 0.001 * (1.25 / 0.8) * 127;
    e.comparator = 0.0005 * (1.25 / 0.8) * 127;
    const LayerPlan a = plan_of(volts, {10, 150, 1, false}), b = plan_of(lsb, {10, 150, 1, false});
    ASSERT_EQ(a.path, SamplingPath::chip);
    ASSERT_TRUE(a.per_chip);
    EXPECT_EQ(a.law[0]->view().noise.random, b.law[0]->view().noise.random);
    EXPECT_NEAR(a.law[0]->view().noise.random, 0.0992, 1e-4);
    const ChipLayer in_volts(a, 10, site_on(0, 10)), in_lsb(b, 10, site_on(0, 10));
    ASSERT_EQ(in_volts.adcs(), in_lsb.adcs());
    double squares = 0.0;
    for (std::uint32_t i = 0; i < in_volts.adcs(); ++i) {
        EXPECT_EQ(in_volts.adc(i).offset, in_lsb.adc(i).offset);
        for (int k = 0; k < adc_edges(a); ++k)
            EXPECT_EQ(in_volts.adc(i).edges[k], in_lsb.adc(i).edges[k]);
        squares += in_volts.adc(i).offset * in_volts.adc(i).offset;
    }
    // 240 ADCs: a standard deviation within a third is 7 of its standard errors.
    EXPECT_NEAR(std::sqrt(squares / in_volts.adcs()), 0.595, 0.2);
}

// What the key is for: the offset stays where the step of the ADC changes.
TEST(ChipLayer, VoltsKeepTheirSizeAcrossAdcs) {
    LayerSettings s = mismatch_settings();
    s.macro.v_ref = 1.0;
    s.macro.adc_errors.offset_volt = 0.004;
    std::vector<double> offsets;
    for (const int bits : {5, 8}) {
        s.macro.adc.bits = bits;
        const LayerPlan plan = plan_of(s, {10, 150, 1, false});
        offsets.push_back(ChipLayer(plan, 10, site_on(0, 10)).adc(0).offset / ((1 << bits) - 1));
    }
    EXPECT_NE(offsets[0], 0.0);
    EXPECT_NEAR(offsets[0], offsets[1], 1e-15);  // some 0.004, rounded a few times in doubles
}

TEST(ChipLayer, VoltsWithoutAMeaningAreRefused) {
    LayerSettings s = mismatch_settings();
    s.macro.adc_errors.comparator_volt = 0.001;
    const auto refuses = [&](const std::string& reason) {
        try {
            plan_of(s, {10, 150, 1, false});
        } catch (const std::invalid_argument& error) {
            return std::string(error.what()).find(reason) != std::string::npos;
        }
        return false;
    };
    EXPECT_TRUE(refuses("need macro.v_ref"));
    s.macro.v_ref = 1.0;
    EXPECT_FALSE(refuses(""));
    s.macro.bits_per_cycle = 3;  // cycles of 3, 3 and 2 bits
    EXPECT_FALSE(refuses(""));
    s.macro.adc.range = AdcRange::counts;
    EXPECT_TRUE(refuses("of 3 and 2 bits, steps of different voltages"));
    s.macro.bits_per_cycle = 2;
    EXPECT_FALSE(refuses(""));
    s.macro.adc_errors.dnl_volt = 1e4;
    EXPECT_TRUE(refuses("more than all of its codes"));
}

TEST(ChipLayer, DrawsAreKeyedByPlaceNotBySize) {
    LayerSettings settings = mismatch_settings();
    settings.macro.cell = {};
    settings.macro.adc_errors.offset = 0.5;
    const LayerPlan small = plan_of(settings, {4, 64, 1, false});
    settings.macro.adc_errors.offset = 1.0;
    const LayerPlan large = plan_of(settings, {4, 64, 1, false});
    const ChipLayer a(small, 4, site_on(0, 4)), b(large, 4, site_on(0, 4));
    for (std::uint32_t n = 0; n < a.adcs(); ++n)
        EXPECT_DOUBLE_EQ(2 * a.adc(n).offset, b.adc(n).offset);
}

// A random walk pinned at both ends: variance dnl^2 k(n-1-k)/(n-1) at edge k. 512 ADCs; a variance
// is off by 5 standard errors (sqrt(2/512) = 6.3 % each) less than once in a million.
TEST(ChipLayer, InlIsAPinnedRandomWalk) {
    LayerSettings settings = mismatch_settings();
    settings.macro.cell = {};
    settings.macro.adc.bits = 6;
    settings.macro.adc_errors.dnl = 0.05;
    const LayerPlan plan = plan_of(settings, {64, 64, 1, false});
    const ChipLayer chip(plan, 64, site_on(0, 64));
    ASSERT_EQ(chip.adcs(), 512u);
    for (const int k : {0, 10, 31, 50, 62}) {
        double squares = 0;
        for (std::uint32_t n = 0; n < 512; ++n) {
            const double inl = (chip.adc(n).edges[k] - (k * 65536 + 32768)) / 65536.0;
            squares += inl * inl;
        }
        const double expected = 0.05 * 0.05 * k * (62 - k) / 62;
        if (expected == 0.0) {
            EXPECT_EQ(squares, 0.0) << k;
        } else {
            EXPECT_NEAR(squares / 512 / expected, 1.0, 5 * std::sqrt(2.0 / 512)) << k;
        }
    }
}

// Kavishwar and Shanbhag's 28 nm model: mismatch alone moves the sum of 64 of 256 cells by 0.0464
// level rms. 2048 columns: a standard deviation has a relative error of 1.6 %, five of them are 8 %.
TEST(ChipLayer, SpreadOfThe28nmModel) {
    LayerSettings settings;
    settings.macro.rows = 256;
    settings.macro.mapping = RowMapping::dense;
    settings.macro.cell = {1e-15, 0.00664 * std::sqrt(1e-15), 0.3, 2.04e-15, 0.0, true};
    const LayerPlan plan = plan_of(settings, {256, 256, 1, false});
    const ChipLayer chip(plan, 256, site_on(0, 256));
    double squares = 0;
    for (int o = 0; o < 256; ++o)
        for (int i = 0; i < 8; ++i) {
            ChannelSums sums;
            sums.count = 64;
            for (int r = 0; r < 64; ++r) sums.mismatch += chip.cells(0, o, i)[4 * r];
            const double v = channel_voltage(plan, chip.column(0, o, i), 0, sums, 0.0);
            squares += (256 * v - 64) * (256 * v - 64);
        }
    EXPECT_NEAR(std::sqrt(squares / 2048), 0.0464, 0.08 * 0.0464);
}

}  // namespace
}  // namespace acim
