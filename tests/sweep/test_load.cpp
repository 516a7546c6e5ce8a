// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using LoadTest = SweepTest;

TEST_F(LoadTest, EverySettingOfASweepArrives) {
    const SweepSpec spec = load_sweep(write(R"(
acimsweep: 1
name: full
seed: 18446744073709551615
workload:
  network: a/net.onnx
  data: {format: idx, images: d/x.gz, labels: ../y.gz, scale: 0.5, mean: [0.1, 0.2], std: 0.25}
  images: 500
  calibration: {images: /abs/t.gz, labels: l.gz, scale: 0.75}
quantisation: {weights: mse, activations: percentile, per_channel: true, images: 64, percentile: 99}
weight_bits: 7
activation_bits: 6
macro:
  rows: 144
  mapping: dense
  bits_per_cycle: 2
  adc: {bits: 9, range: [0.25, 0.5]}
  noise:
    random: {sigma: 0.25, unit: percent_fs}
    nonlinear: {sigma: 0.05, unit: percent_fs}
    inject: [1, -1.5]
  hybrid: {levels: 3, asim_rounding: true}
layers: [{match: "conv1", analog: false}, {match: "fc*", macro: {adc: {bits: 10}}}]
trials: {chips: 4, repeats: 3}
path: fixed
)"));
    EXPECT_EQ(spec.name, "full");
    EXPECT_EQ(spec.seed, 18446744073709551615ULL);
    EXPECT_EQ(spec.workload.network, (folder_ / "a/net.onnx").string());
    EXPECT_EQ(spec.workload.data.images, (folder_ / "d/x.gz").string());
    EXPECT_EQ(spec.workload.data.labels, (folder_.parent_path() / "y.gz").string());
    EXPECT_EQ(spec.workload.data.scale, 0.5F);
    EXPECT_EQ(spec.workload.data.mean, (std::vector<float>{0.1F, 0.2F}));
    EXPECT_EQ(spec.workload.data.std, (std::vector<float>{0.25F}));
    EXPECT_EQ(spec.workload.images, 500U);
    ASSERT_TRUE(spec.workload.calibration.has_value());
    EXPECT_EQ(spec.workload.calibration->images, "/abs/t.gz");
    EXPECT_EQ(spec.workload.calibration->labels, (folder_ / "l.gz").string());
    EXPECT_EQ(spec.workload.calibration->scale, 0.75F);
    EXPECT_EQ(spec.workload.calibration->mean, spec.workload.data.mean);
    const QuantisationConfig& q = spec.base.quantisation;
    EXPECT_EQ(q.weights, WeightRule::mse);
    EXPECT_EQ(q.activations, ActivationRule::percentile);
    EXPECT_TRUE(q.per_channel);
    EXPECT_EQ(q.images, 64);
    EXPECT_EQ(q.percentile, 99.0);
    EXPECT_EQ(spec.base.weight_bits, 7);
    EXPECT_EQ(spec.base.activation_bits, 6);
    const MacroParams& m = spec.base.macro;
    EXPECT_EQ(m.rows, 144);
    EXPECT_EQ(m.mapping, RowMapping::dense);
    EXPECT_EQ(m.bits_per_cycle, 2);
    EXPECT_EQ(m.adc.bits, 9);
    EXPECT_EQ(m.adc.range, AdcRange::window);
    EXPECT_EQ(m.adc.lo, 16384);
    EXPECT_EQ(m.adc.hi, 32768);
    EXPECT_EQ(m.noise.random.sigma, 0.25);
    EXPECT_EQ(m.noise.random.unit, NoiseUnit::percent_fs);
    EXPECT_EQ(m.noise.nonlinear.sigma, 0.05);
    EXPECT_TRUE(m.noise.inject.active);
    EXPECT_EQ(m.noise.inject.n1, 1.0);
    EXPECT_EQ(m.noise.inject.n2, -1.5);
    EXPECT_EQ(m.hybrid.levels, 3);
    EXPECT_TRUE(m.hybrid.asim_rounding);
    ASSERT_EQ(spec.base.layers.size(), 2U);
    EXPECT_EQ(spec.base.layers[1].match, "fc*");
    EXPECT_EQ(spec.trials.chips, 4U);
    EXPECT_EQ(spec.trials.repeats, 3U);
    EXPECT_EQ(spec.base.path, PathRequest::fixed);
}

TEST_F(LoadTest, WhatIsLeftOutIsOffOrDefault) {
    const SweepSpec spec = sweep("");
    EXPECT_EQ(spec.name, "s");
    EXPECT_EQ(spec.text, minimal_sweep);
    EXPECT_FALSE(spec.workload.images.has_value());
    EXPECT_TRUE(spec.workload.data.mean.empty());
    EXPECT_EQ(spec.workload.calibration->scale, 0.5F);
    EXPECT_EQ(spec.workload.calibration->labels, "");
    EXPECT_EQ(spec.base.quantisation.activations, ActivationRule::percentile);
    EXPECT_EQ(spec.base.quantisation.images, 512);
    EXPECT_EQ(spec.base.macro.rows, MacroParams().rows);
    EXPECT_EQ(spec.base.macro.mapping, MacroParams().mapping);
    EXPECT_EQ(spec.base.macro.adc.range, AdcRange::full);
    EXPECT_EQ(spec.base.macro.noise.random.sigma, 0.0);
    EXPECT_FALSE(spec.base.macro.noise.inject.active);
    EXPECT_EQ(spec.base.path, PathRequest::automatic);
    EXPECT_EQ(spec.trials.chips, 1U);
    EXPECT_TRUE(spec.axes.empty());
    EXPECT_EQ(expand(spec).size(), 1U);
}

TEST_F(LoadTest, DataFormatsArrive) {
    SweepSpec spec = sweep("", {"workload.data={format: cifar100, images: [a.bin, /abs/b.bin]}",
                                "workload.calibration={images: [c.bin]}"});
    EXPECT_EQ(spec.workload.data.format, DataFormat::cifar100);
    EXPECT_EQ(spec.workload.data.images, (folder_ / "a.bin").string());
    EXPECT_EQ(spec.workload.data.more_images, (std::vector<std::string>{"/abs/b.bin"}));
    EXPECT_EQ(spec.workload.data.labels, "");
    EXPECT_FALSE(spec.workload.data.layout.has_value());
    EXPECT_EQ(spec.workload.calibration->format, DataFormat::cifar100);
    EXPECT_TRUE(spec.workload.calibration->more_images.empty());

    const std::string npy = "workload.data={format: npy, images: i, labels: l, layout: NHWC}";
    spec = sweep("", {npy});
    EXPECT_EQ(spec.workload.data.layout, DataLayout::nhwc);
    EXPECT_EQ(spec.workload.calibration->format, DataFormat::npy);
    EXPECT_EQ(spec.workload.calibration->layout, DataLayout::nhwc);
    spec = sweep("", {npy, "workload.calibration.format=hdf5"});
    EXPECT_EQ(spec.workload.calibration->format, DataFormat::hdf5);
    EXPECT_FALSE(spec.workload.calibration->layout.has_value()) << "a layout belongs to a file";

    EXPECT_NE(sweep_error("", {"workload.data={format: npy, images: i}"})
                  .find("key 'workload.data.labels' is missing"),
              std::string::npos);
    EXPECT_NE(sweep_error("", {"workload.data.images=[]"}).find("empty list"), std::string::npos);
}

TEST_F(LoadTest, DotsAndAliasesSpellTheSame) {
    const SweepSpec spec =
        sweep("macro.adc.bits: 9\nmacro: {noise.random: &n {sigma: 1}, noise.nonlinear: *n}\n");
    EXPECT_EQ(spec.base.macro.adc.bits, 9);
    EXPECT_EQ(spec.base.macro.noise.random.sigma, 1.0);
    EXPECT_EQ(spec.base.macro.noise.nonlinear.sigma, 1.0);
}

TEST_F(LoadTest, OverridesReplaceKeysGroupsAxesAndRules) {
    const std::string text =
        "macro: {rows: 64, noise: {random: {sigma: 1}}}\n"
        "grid: {macro.adc.bits: [6, 7], macro.hybrid.levels: [0, 1]}\n";
    const SweepSpec spec =
        sweep(text, {"macro.rows=32", "trials.chips=7", "macro.noise={}", "grid.macro.adc.bits=[5]",
                     "workload.network=other.onnx", "layers=[{match: a, analog: false}]"});
    EXPECT_EQ(spec.base.macro.rows, 32);
    EXPECT_EQ(spec.trials.chips, 7U);
    EXPECT_EQ(spec.base.macro.noise.random.sigma, 0.0);
    ASSERT_EQ(spec.axes.size(), 2U);
    EXPECT_EQ(spec.axes[0].paths.front(), "macro.adc.bits");
    EXPECT_EQ(spec.axes[0].size(), 1U);
    EXPECT_EQ(spec.workload.network, (folder_ / "other.onnx").string());
    EXPECT_EQ(spec.base.layers.size(), 1U);
    EXPECT_EQ(spec.overrides.size(), 6U);
    EXPECT_TRUE(sweep(text, {"grid={}"}).axes.empty());
    EXPECT_EQ(sweep(text, {"grid={macro.rows: [1, 2, 3]}"}).axes.front().size(), 3U);
}

TEST_F(LoadTest, OverrideErrorsNameTheArgument) {
    EXPECT_EQ(
        sweep_error("", {"macro.adc.bit=5"}),
        "--set macro.adc.bit=5: key 'macro.adc.bit' is unknown. Did you mean 'macro.adc.bits'?");
    EXPECT_THAT(sweep_error("", {"macro.rows=0"}),
                ::testing::HasSubstr("--set macro.rows=0: key 'macro.rows' is 0"));
    EXPECT_THAT(sweep_error("", {"macro.rows"}), ::testing::HasSubstr("is not key=value"));
    EXPECT_THAT(sweep_error("", {"=3"}), ::testing::HasSubstr("is not key=value"));
    EXPECT_THAT(sweep_error("", {"macro.rows=[1"}), ::testing::HasSubstr("is not valid YAML"));
    EXPECT_THAT(sweep_error("", {"macro=3"}), ::testing::HasSubstr("must be a map of keys"));
}

TEST_F(LoadTest, MacFileArrives) {
    const MacFile file =
        mac("weight_bits: 1\nactivation_bits: 4\nseed: 0x10\nrepeats: 5\npath: table\n"
            "macro: {rows: 36, noise: {random: {sigma: 0.5}}}\n");
    EXPECT_EQ(file.settings.weight_bits, 1);
    EXPECT_EQ(file.settings.activation_bits, 4);
    EXPECT_EQ(file.settings.macro.rows, 36);
    EXPECT_EQ(file.settings.path, PathRequest::table);
    EXPECT_EQ(file.seed, 16U);
    EXPECT_EQ(file.repeats, 5U);
    EXPECT_EQ(file.canonical()["macro"]["rows"], 36);
    EXPECT_EQ(file.canonical()["seed"], 16);
    EXPECT_FALSE(mac("macro: {rows: 36}\n").seed.has_value());
}

TEST_F(LoadTest, MacFileNeedsASeedOnlyWhereNoiseIsDrawn) {
    EXPECT_THAT(mac_error("macro.noise.nonlinear.sigma: 1\n"),
                ::testing::HasSubstr("key 'seed' is missing"));
    EXPECT_EQ(mac_error("macro: {noise: {nonlinear: {sigma: 1}, inject: [1, 1]}}\n"), "");
    EXPECT_EQ(mac_error("macro: {noise: {nonlinear: {sigma: 0}, inject: null}}\n"), "");
}

TEST_F(LoadTest, CalibrationMayBeLeftOutOnlyByNamingIt) {
    const std::string text = "seed: 1\nworkload: {network: n, data: {images: x, labels: y}}\n";
    EXPECT_THAT(message([&] { load_sweep(write(text)); }),
                ::testing::HasSubstr("key 'workload.calibration.images' is missing"));
    const SweepSpec spec = load_sweep(write(text + "quantisation: {images: 0}\n"));
    EXPECT_FALSE(spec.workload.calibration.has_value());
    EXPECT_THAT(message([&] {
                    load_sweep(write(
                        text + "quantisation: {images: 0}\ngrid: {quantisation.images: [0, 9]}\n"));
                }),
                ::testing::HasSubstr("key 'workload.calibration.images' is missing"));
}

}  // namespace
}  // namespace acim
