// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using MessageTest = SweepTest;

TEST_F(MessageTest, UnknownKeysSuggestTheNearest) {
    EXPECT_EQ(sweep_error("macro:\n  adc:\n    bit: 8\n"),
              "s.yaml:7: key 'macro.adc.bit' is unknown. Did you mean 'macro.adc.bits'?");
    EXPECT_THAT(sweep_error("marco: {rows: 5}\n"), HasSubstr("Did you mean 'macro'?"));
    EXPECT_THAT(sweep_error("quantization: {images: 5}\n"),
                HasSubstr("Did you mean 'quantisation'?"));
    EXPECT_THAT(sweep_error("rows: 5\n"), HasSubstr("Did you mean 'macro.rows'?"));
    EXPECT_THAT(sweep_error("macro: {sigma: 5}\n"), HasSubstr(".sigma'?"));
    EXPECT_THAT(sweep_error("macro: {adc: {resolution: 5}}\n"),
                HasSubstr("s.yaml:5: key 'macro.adc.resolution' is unknown. Valid keys here: "
                          "macro.adc.bits, macro.adc.range."));
    EXPECT_THAT(sweep_error("xyzzyx: 5\n"),
                AllOf(HasSubstr("Valid keys here:"), HasSubstr("workload")));
    EXPECT_THAT(sweep_error("'macro..rows': 5\n"), HasSubstr("Did you mean 'macro.rows'?"));
    EXPECT_THAT(sweep_error("'': 5\n"), HasSubstr("is unknown"));
    EXPECT_THAT(sweep_error("repeats: 5\n"), HasSubstr("belongs into the file of mac"));
    EXPECT_THAT(mac_error("grid: {macro.rows: [1]}\n"),
                HasSubstr("s.yaml:1: key 'grid' belongs into a sweep file"));
}

TEST_F(MessageTest, DuplicateKeysAreRefused) {
    EXPECT_EQ(sweep_error("macro:\n  rows: 5\n  rows: 6\n"),
              "s.yaml:7: key 'macro.rows' stands twice, first in line 6. Remove one of the two.");
    EXPECT_THAT(sweep_error("macro: {rows: 5}\nmacro.rows: 6\n"),
                HasSubstr("s.yaml:6: key 'macro.rows' stands twice, first in line 5."));
    EXPECT_THAT(sweep_error("layers:\n  - match: a\n    macro: {adc: {bits: 5, bits: 6}}\n"),
                HasSubstr("s.yaml:7: key 'layers.macro.adc.bits' stands twice, first in line 7."));
    EXPECT_EQ(
        sweep_error("", {"macro.adc={bits: 5, bits: 6}"}),
        "--set macro.adc={bits: 5, bits: 6}: key 'bits' stands twice. Remove one of the two.");
    EXPECT_THAT(sweep_error("seed: 2\n"), HasSubstr("s.yaml:5: key 'seed' stands twice"));
}

TEST_F(MessageTest, NumbersStandWithoutUnits) {
    const auto sigma = [&](const std::string& value) {
        return sweep_error("macro: {v_ref: 0.9, noise: {random: {sigma: " + value + "}}}\n");
    };
    EXPECT_THAT(sigma("2 mV"), HasSubstr("Write volts: sigma: 0.002 with unit: volt."));
    EXPECT_THAT(sigma("500uV"), HasSubstr("Write volts: sigma: 0.0005 with unit: volt."));
    EXPECT_THAT(sigma("0.1 V"), HasSubstr("Write volts: sigma: 0.1 with unit: volt."));
    EXPECT_THAT(sigma("2 lsb"), HasSubstr("Write the number alone, without its unit."));
    EXPECT_THAT(sweep_error("macro.cell.c_unit_fF: 2 fF\n"),
                HasSubstr("Write the number alone, without its unit."));
    EXPECT_THAT(sweep_error("macro.v_ref: 900 mV\n"), HasSubstr("Write the number in volts: 0.9."));
    EXPECT_EQ(sigma("many").find("Write"), std::string::npos);
    EXPECT_THAT(sweep_error("macro.noise.random.unit: mV\n"),
                HasSubstr("Write volts: unit: volt, and sigma in volts."));
    EXPECT_EQ(sweep_error("macro.noise.random.unit: amperes\n").find("Write"), std::string::npos);
}

TEST_F(MessageTest, TypesAndRanges) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"macro.rows: 0\n", "key 'macro.rows' is 0, but must be a whole number from 1 to 4096"},
        {"macro.rows: 4097\n", "key 'macro.rows' is 4097"},
        {"macro.rows: -3\n", "key 'macro.rows' is -3"},
        {"macro.rows: 2.5\n", "key 'macro.rows' is 2.5, but must be a whole number"},
        {"macro.rows: many\n", "key 'macro.rows' is 'many', but must be a whole number"},
        {"macro.rows: '8'\n", "key 'macro.rows' is the text '8', but"},
        {"macro.rows: [8]\n", "key 'macro.rows' is a list"},
        {"macro.rows: {a: 8}\n", "key 'macro.rows' is a map"},
        {"macro.rows:\n", "key 'macro.rows' is empty"},
        {"macro.rows: 1e999\n", "key 'macro.rows' is inf"},
        {"macro.rows: 0x1fffffffffffffffffff\n", "key 'macro.rows' is '0x1f"},
        {"macro: 5\n", "key 'macro' is '5', but must be a map of keys"},
        {"macro: [5]\n", "key 'macro' is a list, but must be a map of keys"},
        {"weight_bits: 1\n", "key 'weight_bits' is 1, but must be a whole number from 2 to 8"},
        {"weight_bits: 9\n", "key 'weight_bits' is 9"},
        {"activation_bits: 0\n", "from 1 to 9"},
        {"activation_bits: 10\n", "from 1 to 9"},
        {"macro.adc.bits: 0\n", "from 1 to 14"},
        {"macro.adc.bits: 15\n", "from 1 to 14"},
        {"macro.bits_per_cycle: 0\n", "from 1 to 9"},
        {"activation_bits: 3\nmacro.bits_per_cycle: 4\n",
         "s.yaml:6: key 'macro.bits_per_cycle' is 4, but activation_bits is 3"},
        {"macro.noise.random.sigma: -0.1\n", "is -0.1, but must be a number from 0 to"},
        {"macro.noise.random.sigma: .nan\n", "is nan"},
        {"macro.noise.random.sigma: .inf\n", "is inf"},
        {"macro.noise.random.sigma: -.inf\n", "is -inf"},
        {"macro.noise.random.sigma: 0.5 lsb\n", "is '0.5 lsb', but must be a number"},
        {"macro.noise.random.unit: mV\n", "is 'mV', but must be one of: lsb, percent_fs"},
        {"macro.noise.nonlinear.unit: lsb\n", "is 'lsb', but must be percent_fs"},
        {"macro.noise.inject: [1]\n", "is a list of 1 values, but must be a list of two numbers"},
        {"macro.noise.inject: [1, .nan]\n", "is nan"},
        {"macro.mapping: diagonal\n", "is 'diagonal', but must be one of: dense, whole_channels"},
        {"macro.adc.range: half\n",
         "is 'half', but must be full, counts, percentile, {percentile: p}, csnr or a list [lo, "
         "hi]"},
        {"macro.adc.range: [0.5, 0.5]\n", "is [0.5, 0.5], an empty window"},
        {"macro.adc.range: [0.5, 0.500001]\n", "an empty window"},
        {"macro.adc.range: [0.5, 0.2]\n", "an empty window"},
        {"macro.adc.range: [-0.5, 0.2]\n", "is -0.5, but must be full, counts,"},
        {"macro.adc.range: [0, 1.2]\n", "is 1.2"},
        {"macro.adc.range: [0, 1, 2]\n", "is a list of 3 values"},
        {"macro.adc.range: {percentile: 0}\n", "is {percentile: 0}, not above 0 and at most 100"},
        {"macro.adc.range: {percentile: 101}\n", "is {percentile: 101}, not above 0"},
        {"macro.adc.range: {percentile: .nan}\n", "is {percentile: nan}, not above 0"},
        {"macro.adc.range: {percentile: high}\n", "is 'high', but must be full, counts,"},
        {"macro.adc.range: {percent: 99}\n", "is a map, but must be full, counts,"},
        {"macro.weight_encoding: one_hot\n",
         "one of: twos_complement, offset_binary, differential, xnor"},
        {"macro.voting.samples: 65\n", "a whole number from 1 to 64"},
        {"macro.cell.c_unit_fF: -1\n", "is -1, but must be a number from 0 to"},
        {"macro.adc_errors.offset_lsb: -0.1\n", "is -0.1, but must be a number from 0 to"},
        {"macro.current_domain.variation_pct: 13\n", "from 0 to 12.5"},
        {"macro.input_dac.table: [0, a]\n", "is 'a', but must be a number or a list of numbers"},
        {"macro.aidac.topology: flat\n", "one of: grouped_cells, grouped_weight"},
        {"macro.kind: digital\n", "one of: bit_sliced, aidac"},
        {"macro.hybrid.levels: -1\n", "is -1"},
        {"macro.hybrid.asim_rounding: yes\n", "is 'yes', but must be true or false"},
        {"quantisation.weights: min\n", "one of: max, percentile, mse"},
        {"quantisation.percentile: 0\n", "above 0 and at most 100"},
        {"path: events\n", "one of: auto, table, fixed"},
        {"trials.chips: 0\n", "key 'trials.chips' is 0"},
        {"acimsweep: 2\n", "key 'acimsweep' is 2, but must be 1"},
        {"name: a/b\n", "no '/'"},
        {"name: [a]\n", "key 'name' is a list, but must be a text"},
        {"workload.images: 0\n", "key 'workload.images' is 0"},
        {"workload.data.mean: []\n", "is an empty list"},
        {"workload.data.std: [1, 0]\n",
         "is 0, but must be a number or a list of numbers from 1e-09"},
        {"workload.data.format: png\n",
         "is 'png', but must be one of: idx, cifar10, cifar100, npy, npz, hdf5"},
        {"workload.data.layout: nchw\n", "is 'nchw', but must be one of: NCHW, NHWC, NHW, NT"},
    };
    for (const auto& [text, expected] : cases)
        EXPECT_THAT(sweep_error(text), HasSubstr(expected)) << text;
    EXPECT_THAT(mac_error("weight_bits: 0\n"), HasSubstr("from 1 to 8"));
    EXPECT_THAT(mac_error("\n\nmacro.rows: 0\n"), HasSubstr("s.yaml:3: key 'macro.rows' is 0"));
}

TEST_F(MessageTest, SeedIsRequiredAndExact) {
    const std::string rest =
        "workload: {network: n, data: {images: x, labels: y}, calibration: {images: t}}\n";
    const auto error = [&](const std::string& seed) {
        return message([&] { load_sweep(write(seed + rest)); });
    };
    EXPECT_EQ(error(""),
              "s.yaml: key 'seed' is missing. Give a whole number from 0 to 18446744073709551615 "
              "(seed of every random number).");
    EXPECT_THAT(error("seed: 18446744073709551616\n"),
                HasSubstr("s.yaml:1: key 'seed' is '18446744073709551616'"));
    EXPECT_THAT(error("seed: -1\n"), HasSubstr("key 'seed' is '-1'"));
    EXPECT_THAT(error("seed: 1.5\n"), HasSubstr("key 'seed' is '1.5'"));
    EXPECT_EQ(error("seed: 1e3\n"), "");
}

TEST_F(MessageTest, RequiredKeysAreNamed) {
    const auto error = [&](const std::string& text) {
        return message([&] { load_sweep(write(text)); });
    };
    EXPECT_THAT(error("seed: 1\n"), HasSubstr("key 'workload.network' is missing"));
    EXPECT_THAT(error("seed: 1\nworkload: {network: n}\n"),
                HasSubstr("key 'workload.data.images' is missing"));
    EXPECT_THAT(error("seed: 1\nworkload: {network: n, data: {images: x}}\n"),
                HasSubstr("key 'workload.data.labels' is missing"));
}

TEST_F(MessageTest, FilesThatAreNoSweep) {
    const auto error = [&](const std::filesystem::path& path) {
        return message([&] { load_sweep(path); });
    };
    EXPECT_EQ(error(folder_ / "missing.yaml"),
              "missing.yaml: there is no such file. Check the path.");
    EXPECT_THAT(error(folder_), HasSubstr("is a directory, not a YAML file"));
    EXPECT_THAT(error(write("")), HasSubstr("s.yaml: is empty"));
    EXPECT_THAT(error(write("# only a comment\n")), HasSubstr("s.yaml: is empty"));
    EXPECT_THAT(error(write("- a\n- b\n")), HasSubstr("s.yaml:1: holds a list, but must be a map"));
    EXPECT_THAT(error(write("hello\n")), HasSubstr("s.yaml:1: holds 'hello', but must be a map"));
    EXPECT_THAT(error(write("seed: 1\nmacro:\n\trows: 5\n")),
                HasSubstr("s.yaml:3: this is not valid YAML"));
    EXPECT_THAT(error(write("seed: 1\nmacro: {rows: 5\n")), HasSubstr("this is not valid YAML"));
    EXPECT_THAT(error(write("seed: 1\n---\nseed: 2\n")), HasSubstr("more than one YAML document"));
    EXPECT_THAT(error(write(std::string("seed: 1\n\0x", 10))), HasSubstr("is not a text file"));
    EXPECT_THAT(error(write("? [a, b]\n: 1\n")), HasSubstr("a key must be a plain word"));
    EXPECT_THAT(error(write("<<: {seed: 1}\n")), HasSubstr("key '<<' is unknown"));
    EXPECT_THAT(error(write("seed: *x\n")), HasSubstr("s.yaml:1: this is not valid YAML"));
    EXPECT_THAT(error(write("seed: &a [*a]\n")), HasSubstr("s.yaml:1: "));
}

TEST_F(MessageTest, LongAndOddTextIsCutInMessages) {
    const std::string text =
        sweep_error("macro.mapping: \"" + std::string(5000, 'x') + "\\e[31m\"\n");
    EXPECT_LT(text.size(), 400U);
    EXPECT_EQ(sweep_error("macro.mapping: \"a\\e[31m\"\n").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace acim
