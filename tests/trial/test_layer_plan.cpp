// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/layer_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "cuda/trial/point_plan.hpp"
#include "tests/trial/plan_fixture.hpp"

namespace acim {
namespace {

using testing::HasSubstr;

using testing_support::plan_of;
using testing_support::settings;

// Digital levels leave the block as it is, so that points which differ in them share events.
TEST(LayerPlan, TheBlockOfEventsIsAllConversions) {
    const LayerPlan plan = plan_of(settings([](auto& s) {
        s.macro.rows = 255;
        s.macro.noise.random.sigma = 0.19;
        s.macro.hybrid.levels = 3;
    }));
    ASSERT_EQ(plan.path, SamplingPath::events);
    EXPECT_EQ(plan.converted, 64 - 6);
    EXPECT_EQ(plan.events->view().conversions, 64);
}

TEST(LayerPlan, RowGroupsOfBothMappings) {
    const auto groups = [](int rows, RowMapping mapping, int depth, int window) {
        return plan_of(settings([&](auto& s) {
                           s.macro.rows = rows;
                           s.macro.mapping = mapping;
                       }),
                       {4, depth, window, false});
    };
    EXPECT_EQ(groups(255, RowMapping::dense, 576, 9).groups, 3);
    EXPECT_EQ(groups(255, RowMapping::dense, 576, 9).group_rows, 255);
    EXPECT_EQ(groups(255, RowMapping::whole_channels, 576, 9).group_rows, 252);
    EXPECT_EQ(groups(255, RowMapping::whole_channels, 576, 9).groups, 3);
    EXPECT_EQ(groups(256, RowMapping::whole_channels, 256 * 9, 9).groups, 10);  // ASiM drops 4
    EXPECT_EQ(groups(9, RowMapping::whole_channels, 90, 9).groups, 10);
    EXPECT_EQ(groups(255, RowMapping::whole_channels, 255, 1).groups, 1);
    EXPECT_EQ(groups(255, RowMapping::whole_channels, 256, 1).groups, 2);
}

TEST(LayerPlan, CountsConversions) {
    const auto count = [](int levels, bool rounding, int e) {
        return plan_of(settings([&](auto& s) {
                   s.macro.hybrid = {levels, rounding};
                   s.macro.bits_per_cycle = e;
                   s.macro.noise.random.sigma = 0.5;
               }))
            .adc_conversions(10);
    };
    EXPECT_EQ(count(0, false, 1), 10 * 3 * 64);
    EXPECT_EQ(count(3, false, 1), 10 * 3 * 58);
    EXPECT_EQ(count(3, true, 1), 10 * 3 * 64);
    EXPECT_EQ(count(0, false, 4), 10 * 3 * 16);
    EXPECT_EQ(count(0, false, 3), 10 * 3 * 24);
    EXPECT_EQ(count(15, false, 1), 0);
}

TEST(LayerPlan, OutputScaleIsTheLsbOfOneBitCycles) {
    const auto scale = [](int rows, int bits, AdcRange range) {
        const OutputScale s = plan_of(settings([&](auto& l) {
                                  l.macro.rows = rows;
                                  l.macro.adc.bits = bits;
                                  l.macro.adc.range = range;
                                  l.macro.adc.lo = 16384;
                                  l.macro.adc.hi = 49152;
                              })).output;
        return s.num / s.den;
    };
    EXPECT_EQ(scale(255, 8, AdcRange::full), 1.0);
    EXPECT_EQ(scale(256, 8, AdcRange::full), 256.0 / 255);
    EXPECT_EQ(scale(144, 6, AdcRange::full), 144.0 / 63);
    EXPECT_EQ(scale(144, 6, AdcRange::counts), 1.0);
    EXPECT_EQ(scale(144, 6, AdcRange::window), 72.0 / 63);
}

// Message of the exception; empty if there is none.
std::string message(const std::function<void(LayerSettings&)>& change,
                    LayerShape shape = {4, 600, 9, false}) {
    try {
        plan_of(settings(change), shape);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

TEST(LayerPlanErrors, NameKeyValueAndAdvice) {
    EXPECT_EQ(message({}), "");
    const std::string window = message([](auto& s) {
        s.macro.rows = 8;
        s.macro.mapping = RowMapping::whole_channels;
    });
    EXPECT_THAT(window, HasSubstr("macro.rows is 8"));
    EXPECT_THAT(window, HasSubstr("9 rows"));
    EXPECT_THAT(window, HasSubstr("dense"));
    const std::string wide = message([](auto& s) { s.macro.bits_per_cycle = 9; });
    EXPECT_THAT(wide, HasSubstr("macro.bits_per_cycle is 9"));
    EXPECT_THAT(wide, HasSubstr("at most 8"));
    const std::string sign =
        message([](auto& s) { s.macro.bits_per_cycle = 8; }, {4, 600, 9, true});
    EXPECT_THAT(sign, HasSubstr("signed"));
    EXPECT_THAT(sign, HasSubstr("at most 7"));
}

TEST(LayerPlanErrors, RangesOfEveryKey) {
    for (const int v : {0, -1, 9})
        EXPECT_THAT(message([v](auto& s) { s.weight_bits = v; }), HasSubstr("weight_bits"));
    for (const int v : {0, -1, 10})
        EXPECT_THAT(message([v](auto& s) { s.activation_bits = v; }), HasSubstr("activation_bits"));
    EXPECT_THAT(message([](auto& s) { s.activation_bits = 1; }, {4, 600, 9, true}),
                HasSubstr("activation_bits"));
    for (const int v : {0, -5, 4097})
        EXPECT_THAT(message([v](auto& s) { s.macro.rows = v; }), HasSubstr("macro.rows"));
    for (const int v : {0, 15})
        EXPECT_THAT(message([v](auto& s) { s.macro.adc.bits = v; }), HasSubstr("macro.adc.bits"));
    EXPECT_THAT(message([](auto& s) { s.macro.bits_per_cycle = 0; }), HasSubstr("bits_per_cycle"));
    EXPECT_THAT(message([](auto& s) { s.macro.rows = 1; }, {4, 70000, 1, false}),
                HasSubstr("row groups"));
}

TEST(LayerPlanErrors, WindowMustHoldSomething) {
    for (const auto& [lo, hi] : {std::pair{100, 100}, {200, 100}, {-1, 100}, {0, 65537}})
        EXPECT_THAT(message([lo = lo, hi = hi](auto& s) {
                        s.macro.adc.range = AdcRange::window;
                        s.macro.adc.lo = lo;
                        s.macro.adc.hi = hi;
                    }),
                    HasSubstr("macro.adc.range"));
}

TEST(LayerPlanErrors, NoiseMustFitTheArithmetic) {
    for (const double sigma : {-0.1, 32769.0, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()})
        EXPECT_THAT(message([sigma](auto& s) { s.macro.noise.random.sigma = sigma; }),
                    HasSubstr("macro.noise"))
            << sigma;
    EXPECT_THAT(message([](auto& s) { s.macro.noise.nonlinear.sigma = -1.0; }),
                HasSubstr("macro.noise"));
    EXPECT_EQ(message([](auto& s) { s.macro.noise.random.sigma = 32768.0; }), "");
}

// No law within the limits of the table path is refused by its 64 columns.
TEST(CycleLaw, EveryLawWithinTheLimitsFits) {
    for (const int rows : {1, 3, 64, 255, 256, 1000})
        for (const int bits : {1, 4, 6, 8, 11, 14})
            for (const double sigma : {1e-300, 1e-9, 0.02, 0.3, 1.1, 2.9, 4.4, 6.0})
                for (const double nonlinear : {0.0, 0.01}) {
                    MacroParams m;
                    m.rows = rows;
                    m.adc.bits = bits;
                    m.noise.random.sigma = sigma;
                    m.noise.nonlinear.sigma = bits < 9 && rows < 300 && sigma < 6 ? nonlinear : 0.0;
                    if (rows > 300 && bits < 11) continue;  // many different fractions: slow
                    ASSERT_NO_THROW(CycleLaw::table(m, 8, 1))
                        << rows << " rows, " << bits << " bits, sigma " << sigma;
                }
}

// SPEC section 7: lossless and sigma_n = 0 has one layout for the error; every row is that layout
// with s + e clipped.
TEST(CycleLaw, LosslessRowsShareOneLayout) {
    MacroParams m;  // 255 rows, 8 bits
    m.noise.random.sigma = 1.3;
    const CycleLaw law = CycleLaw::table(m, 8, 1);
    const CodeTableView table = law.view().table;
    for (int s = 0; s <= 255; ++s) {
        ASSERT_EQ(table.law[s], table.law[0]);
        ASSERT_EQ(table.base[s], s);
        ASSERT_EQ(table.escape[s], table.escape[0]);
        for (std::uint32_t u = table.escape[s]; u < total_cells; u += 37) {
            const int error = CodeCell::code(table.cells + 128 * cell_columns, u) - 128;
            ASSERT_EQ(CodeCell::code(table.cells + s * cell_columns, u),
                      std::clamp(s + error, 0, 255));
        }
    }
}

TEST(LayerPlan, EdgesOfAdcsAreBounded) {
    LayerSettings s;
    s.macro.adc.bits = 14;
    s.macro.adc_errors.dnl = 0.1;
    EXPECT_NO_THROW(describe_layer(s, {64, 576, 9, false}));
    EXPECT_THROW(describe_layer(s, {512, 4608, 9, false}), std::invalid_argument);
    s.macro.array.columns_per_adc = 64;
    EXPECT_NO_THROW(describe_layer(s, {512, 4608, 9, false}));
}

// Nothing is left to divide by where one bit has to hold a sign: refused, not computed.
TEST(LayerPlan, WeightParallelNeedsSigns) {
    LayerSettings s;
    s.weight_bits = 1;
    s.macro.adc.bits = 1;
    s.macro.mapping = RowMapping::dense;
    s.macro.weight_parallel = true;
    EXPECT_THROW(describe_layer(s, {4, 10, 1, false}), std::invalid_argument);
}

// Where every conversion is digital, neither noise nor a chip can show.
TEST(LayerPlan, AllDigitalIsDeterministic) {
    LayerSettings s;
    s.macro.noise.random.sigma = 1.0;
    s.macro.adc_errors.offset = 1.0;
    s.macro.hybrid.levels = 16;
    const LayerPlan plan = describe_layer(s, {4, 100, 1, false});
    EXPECT_FALSE(plan.random);
    EXPECT_FALSE(plan.per_chip);
}

TEST(CycleLawCache, SharesEqualLawsOnly) {
    CycleLawCache cache;
    MacroParams m;
    m.noise.random.sigma = 0.5;
    const auto first = cache.get(SamplingPath::table, m, 8, 1);
    EXPECT_EQ(cache.get(SamplingPath::table, m, 8, 1), first);
    EXPECT_NE(cache.get(SamplingPath::fixed, m, 8, 1), first);
    EXPECT_NE(cache.get(SamplingPath::table, m, 8, 2), first);
    MacroParams hybrid = m;
    hybrid.hybrid.levels = 3;  // not a matter of one conversion
    EXPECT_EQ(cache.get(SamplingPath::table, hybrid, 8, 1), first);
    const auto differs = [&](const std::function<void(MacroParams&)>& change) {
        MacroParams other = m;
        change(other);
        return cache.get(SamplingPath::table, other, 8, 1) != first;
    };
    EXPECT_TRUE(differs([](auto& o) { o.rows = 254; }));
    EXPECT_TRUE(differs([](auto& o) { o.adc.bits = 9; }));
    EXPECT_TRUE(differs([](auto& o) { o.adc.lo = 1, o.adc.range = AdcRange::window; }));
    EXPECT_TRUE(differs([](auto& o) { o.adc.range = AdcRange::counts, o.rows = 100; }));
    // With 255 rows and 8 bits a step is one count whatever the range is called.
    EXPECT_FALSE(differs([](auto& o) { o.adc.range = AdcRange::counts; }));
    EXPECT_FALSE(differs([](auto& o) { o.adc.range = AdcRange::window; }));
    EXPECT_TRUE(differs([](auto& o) { o.noise.random.sigma = 0.6; }));
    EXPECT_TRUE(differs([](auto& o) { o.noise.random.unit = NoiseUnit::percent_fs; }));
    EXPECT_TRUE(differs([](auto& o) { o.noise.nonlinear.sigma = 0.1; }));
    EXPECT_TRUE(differs([](auto& o) { o.adc_errors.comparator = 0.1; }));
    // Equal totals of different parts are not equal where constants stand in for one part only.
    MacroParams random, comparator;
    random.noise.inject = comparator.noise.inject = {true, 8.0, 0.0};
    random.noise.random.sigma = comparator.adc_errors.comparator = 0.5;
    EXPECT_NE(cache.get(SamplingPath::lut, random, 8, 1),
              cache.get(SamplingPath::lut, comparator, 8, 1));
    EXPECT_TRUE(differs([](auto& o) { o.cell.parasitic_ratio = 0.1, o.cell.calibrated = false; }));
    EXPECT_TRUE(differs([](auto& o) { o.current_domain.alpha = 0.001; }));
    EXPECT_TRUE(differs([](auto& o) { o.weight_encoding = WeightEncoding::xnor; }));
    EXPECT_TRUE(differs([](auto& o) {
        o.measured.table = std::make_shared<MeasuredErrorTable>(
            MeasuredErrorTable{"", "", {0.0, 255.0}, {0.1, 0.1}, {0.1, 0.1}});
    }));
}

}  // namespace
}  // namespace acim
