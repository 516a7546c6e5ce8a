// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class AxisTest : public SweepTest {
protected:
    std::vector<json> axis(const std::string& added) const {
        return sweep(added).axes.front().values.front();
    }
};

TEST_F(AxisTest, GridIsACartesianProductLastAxisFastest) {
    const auto all = points("grid: {macro.adc.bits: [6, 7, 8], macro.rows: [64, 255]}\n");
    ASSERT_EQ(all.size(), 6U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].macro.adc.bits, 6 + static_cast<int>(i / 2));
        EXPECT_EQ(all[i].macro.rows, i % 2 == 0 ? 64 : 255);
        ASSERT_EQ(all[i].parameters.size(), 2U);
        EXPECT_EQ(all[i].parameters[0].first, "macro.adc.bits");
        EXPECT_EQ(all[i].parameters[0].second, all[i].macro.adc.bits);
    }
}

TEST_F(AxisTest, ZipStepsTogetherAfterTheGrid) {
    const auto all = points(
        "zip: {macro.rows: [64, 255], macro.mapping: [dense, whole_channels]}\n"
        "grid: {macro: {adc: {bits: [6, 7]}}}\n");
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[1].macro.adc.bits, 6);
    EXPECT_EQ(all[1].macro.rows, 255);
    EXPECT_EQ(all[1].macro.mapping, RowMapping::whole_channels);
    EXPECT_EQ(all[2].macro.adc.bits, 7);
    EXPECT_EQ(all[2].macro.mapping, RowMapping::dense);
    ASSERT_EQ(all[2].parameters.size(), 3U);
    EXPECT_EQ(all[2].parameters[2].first, "macro.mapping");
    EXPECT_EQ(all[2].parameters[2].second, "dense");
}

TEST_F(AxisTest, AnOverrideOfASweptKeyIsRefused) {
    EXPECT_EQ(
        sweep_error("grid: {macro.adc.bits: [6, 7]}\n", {"macro.adc.bits=8"}),
        "--set macro.adc.bits=8: key 'macro.adc.bits' is an axis (s.yaml:5), whose values win "
        "over this one. Change the axis instead: --set 'grid.macro.adc.bits=[8]'.");
    EXPECT_THAT(sweep_error("zip:\n  macro.adc.bits: [6, 7]\n  macro.rows: [64, 255]\n",
                            {"macro.rows=128"}),
                HasSubstr("(s.yaml:7), whose values win over this one. Change the axis instead: "
                          "--set 'zip.macro.rows=[128, 128]'."));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: [6, 7]}\n", {"macro.adc={bits: 8}"}),
                HasSubstr("--set 'grid.macro.adc.bits=[8]'."));
    // What the message advises works; so does a key of the file that an axis overrides.
    const SweepSpec one =
        sweep("macro.adc.bits: 9\ngrid: {macro.adc.bits: [6, 7]}\n", {"grid.macro.adc.bits=[8]"});
    ASSERT_EQ(expand(one).size(), 1U);
    EXPECT_EQ(expand(one).front().macro.adc.bits, 8);
    EXPECT_EQ(sweep_error("grid: {macro.adc.bits: [6, 7]}\n", {"macro.rows=128"}), "");
}

TEST_F(AxisTest, GeneratedValuesAreTidyDecimals) {
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {linspace: [0, 1, 11]}}\n"),
              (std::vector<json>{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {logspace: [0.001, 100, 6]}}\n"),
              (std::vector<json>{0.001, 0.01, 0.1, 1.0, 10.0, 100.0}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {logspace: [8, 1, 4]}}\n"),
              (std::vector<json>{8.0, 4.0, 2.0, 1.0}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {range: [0, 0.3, 0.1]}}\n"),
              (std::vector<json>{0.0, 0.1, 0.2}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {range: [1, 1.3, 0.1]}}\n"),
              (std::vector<json>{1.0, 1.1, 1.2}));
    EXPECT_EQ(axis("grid: {macro.adc.bits: {range: [8, 5, -1]}}\n"), (std::vector<json>{8, 7, 6}));
    EXPECT_EQ(axis("grid: {macro.rows: {linspace: [64, 256, 4]}}\n"),
              (std::vector<json>{64, 128, 192, 256}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {linspace: [0.5, 1, 1]}}\n"),
              (std::vector<json>{0.5}));
    EXPECT_EQ(axis("grid: {macro.noise.random.sigma: {linspace: [0, 0.1234567890123456, 2]}}\n"),
              (std::vector<json>{0.0, 0.1234567890123456}));
}

TEST_F(AxisTest, EveryKindOfKeyCanBeSwept) {
    const auto all = points(
        "grid:\n  quantisation.weights: [max, mse]\n  quantisation.per_channel: [false, true]\n"
        "  weight_bits: [4, 8]\n  activation_bits: [4, 8]\n  path: [auto, fixed]\n"
        "  macro.adc.range: [full, counts, [0, 0.5]]\n"
        "  macro.noise.inject: [null, [1, -1]]\n  macro.hybrid.asim_rounding: [false]\n");
    EXPECT_EQ(all.size(), 2U * 2 * 2 * 2 * 2 * 3 * 2);
    EXPECT_EQ(all.back().macro.adc.hi, 32768);
    EXPECT_TRUE(all.back().macro.noise.inject.active);
    EXPECT_EQ(all.back().path, PathRequest::fixed);
    EXPECT_TRUE(all.back().quantisation.per_channel);
}

TEST_F(AxisTest, MistakesNameTheAxisAndItsLine) {
    EXPECT_EQ(sweep_error("grid:\n  macro.adc.bits: [6]\n  macro.adc.bit: [6]\n"),
              "s.yaml:7: axis 'macro.adc.bit' is unknown. Did you mean 'macro.adc.bits'?");
    EXPECT_EQ(sweep_error("grid: {macro.rows: [64,\n  0]}\n"),
              "s.yaml:6: axis 'macro.rows' is 0, but must be a whole number from 1 to 4096 "
              "[cells]: cells "
              "summed on one column in one conversion.");
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: []}\n"),
                HasSubstr("s.yaml:5: axis 'macro.adc.bits' is empty"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: }\n"),
                HasSubstr("axis 'macro.adc.bits' is empty"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: 8}\n"),
                HasSubstr("is '8', but must be a list"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {lin: [1, 2, 3]}}\n"),
                HasSubstr("one of linspace"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {linspace: [1, 2]}}\n"),
                HasSubstr("three finite numbers"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {linspace: [1, .inf, 3]}}\n"),
                HasSubstr("three finite numbers"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {linspace: [6, 7, 3]}}\n"),
                HasSubstr("is 6.5, but must be a whole"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {linspace: [6, 7, 0]}}\n"),
                HasSubstr("has 0 values"));
    EXPECT_THAT(sweep_error("grid: {macro.noise.random.sigma: {linspace: [0, 1, 1e12]}}\n"),
                HasSubstr("1 to 1000000"));
    EXPECT_THAT(sweep_error("grid: {macro.noise.random.sigma: {logspace: [0, 1, 3]}}\n"),
                HasSubstr("above 0"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {range: [6, 8, 0]}}\n"), HasSubstr("step 0"));
    EXPECT_THAT(sweep_error("grid: {macro.adc.bits: {range: [8, 6, 1]}}\n"), HasSubstr("is empty"));
    EXPECT_THAT(sweep_error("grid: {macro.noise.random.sigma: {range: [0, 1, 1e-300]}}\n"),
                HasSubstr("1 to 1000000"));
    EXPECT_THAT(sweep_error("grid: {macro.mapping: {range: [0, 1, 1]}}\n"),
                HasSubstr("Write a list"));
    EXPECT_THAT(sweep_error("grid: {macro.noise.random.sigma: [0.1, .nan]}\n"),
                HasSubstr("axis 'macro.noise.random.sigma' is nan"));
    EXPECT_THAT(sweep_error("grid: {macro.noise.random: [{sigma: 1}]}\n"),
                HasSubstr("Sweep one of its keys"));
    EXPECT_THAT(sweep_error("grid: {seed: [1, 2]}\n"), HasSubstr("axis 'seed' cannot be swept"));
    EXPECT_THAT(sweep_error("grid: {trials.chips: [1, 2]}\n"),
                HasSubstr("axis 'trials.chips' cannot be swept"));
    EXPECT_THAT(sweep_error("grid: {layers: [1, 2]}\n"),
                HasSubstr("axis 'layers' cannot be swept"));
    EXPECT_THAT(sweep_error("grid: {macro.voting.levels: [1, 2]}\n"),
                HasSubstr("are the same configuration"));
    EXPECT_THAT(sweep_error("grid: [1]\n"), HasSubstr("key 'grid' is a list, but must be a map"));
    EXPECT_THAT(
        sweep_error("zip: {macro.rows: [64, 128],\n  macro.adc.bits: [6]}\n"),
        HasSubstr("s.yaml:6: axis 'macro.adc.bits' of zip has 1 values, but 'macro.rows' has 2"));
    EXPECT_THAT(sweep_error("grid: {macro.rows: [64]}\nzip: {macro.rows: [64]}\n"),
                HasSubstr("stands in grid and in zip"));
}

TEST_F(AxisTest, ContradictoryEqualAndCountlessPointsAreRefused) {
    EXPECT_THAT(
        sweep_error("grid: {activation_bits: [4, 1], macro.bits_per_cycle: [1, 2]}\n"),
        HasSubstr(
            "at the point activation_bits=1, macro.bits_per_cycle=2 macro.bits_per_cycle is 2"));
    EXPECT_THAT(
        sweep_error("grid: {macro.adc.bits: [6, 7, 6.0]}\n"),
        HasSubstr(
            "points 0 (macro.adc.bits=6) and 2 (macro.adc.bits=6) are the same configuration"));
    EXPECT_THAT(
        sweep_error("grid: {macro.noise.random.sigma: [0, 1], macro.noise.random.unit: [lsb, "
                    "percent_fs]}\n"),
        HasSubstr("points 0 (macro.noise.random.sigma=0.0, macro.noise.random.unit=lsb) and 1"));
    EXPECT_THAT(sweep_error("grid: {macro.rows: {range: [1, 4097, 1]}, macro.noise.random.sigma: "
                            "{linspace: [0, 1, 1000]}}\n"),
                HasSubstr("more than 1000000 points"));
}

}  // namespace
}  // namespace acim
