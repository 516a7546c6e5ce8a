// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <gmock/gmock.h>

#include "host/sweep/key_values.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using nlohmann::json;
using MacroKeysTest = SweepTest;

TEST_F(MacroKeysTest, EveryKeyOfACircuitArrivesInSi) {
    const MacroParams m = sweep(R"(
weight_bits: 8
macro:
  weight_encoding: differential
  adc: {bits: 3, range: csnr}
  noise.random: {sigma: 0.001, unit: volt}
  voting: {levels: 5, samples: 3, combine: median}
  array: {columns: 128, row_groups: 2, columns_per_adc: 4, count: 7}
  v_ref: 0.9
  cell: {c_unit_fF: 2.0, mismatch_pct_sqrt_fF: 0.85, c_par_ratio: 0.1, c_par_fF: 1.5,
         c_par_variation_pct: 3, calibrated: false, leakage_pA: 10, hold_ns: 15, temperature_K: 300}
  switch: {injection_offset_mV: -0.5, injection_offset_variation_mV: 0.25, injection_gain: 0.001,
           injection_curvature: -0.002, settling_error: 0.0015, reset: false}
  input_dac: {inl_lsb: 0.2}
  adc_errors: {offset_lsb: 0.3, gain_pct: 0.2, dnl_lsb: 0.1, comparator_lsb: 0.4}
)")
                              .base.macro;
    EXPECT_EQ(m.kind, MacroKind::bit_sliced);
    EXPECT_EQ(m.weight_encoding, WeightEncoding::differential);
    EXPECT_EQ(m.adc.range, AdcRange::csnr);
    EXPECT_EQ(m.noise.random.unit, NoiseUnit::volt);
    EXPECT_EQ(m.noise.random.sigma, 0.001);
    EXPECT_EQ(m.voting.levels, 5);
    EXPECT_EQ(m.voting.samples, 3);
    EXPECT_EQ(m.voting.combine, VoteCombination::median);
    EXPECT_EQ(m.array.columns, 128);
    EXPECT_EQ(m.array.row_groups, 2);
    EXPECT_EQ(m.array.columns_per_adc, 4);
    EXPECT_EQ(m.array.count, 7);
    EXPECT_EQ(m.v_ref, 0.9);
    EXPECT_EQ(m.cell.unit_capacitance, 2e-15);
    EXPECT_DOUBLE_EQ(m.cell.mismatch / 3.1622776601683795e-8, 0.0085);  // sqrt(1e-15)
    EXPECT_EQ(m.cell.parasitic_ratio, 0.1);
    EXPECT_EQ(m.cell.parasitic, 1.5e-15);
    EXPECT_EQ(m.cell.parasitic_variation, 0.03);
    EXPECT_FALSE(m.cell.calibrated);
    EXPECT_EQ(m.cell.leakage, 10e-12);
    EXPECT_EQ(m.cell.hold_time, 15e-9);
    EXPECT_EQ(m.cell.temperature, 300.0);
    EXPECT_EQ(m.switches.injection_offset, -0.5e-3);
    EXPECT_EQ(m.switches.injection_offset_variation, 0.25e-3);
    EXPECT_EQ(m.switches.injection_gain, 0.001);
    EXPECT_EQ(m.switches.injection_curvature, -0.002);
    EXPECT_EQ(m.switches.settling_error, 0.0015);
    EXPECT_FALSE(m.switches.reset);
    EXPECT_EQ(m.input_dac.inl, 0.2);
    EXPECT_EQ(m.adc_errors.offset, 0.3);
    EXPECT_EQ(m.adc_errors.gain, 0.002);
    EXPECT_EQ(m.adc_errors.dnl, 0.1);
    EXPECT_EQ(m.adc_errors.comparator, 0.4);
}

TEST_F(MacroKeysTest, EveryKeyOfAnAllAnalogMacroArrivesInSi) {
    const MacroParams m = mac(R"(
seed: 1
macro:
  v_ref: 0.9
  aidac: {topology: grouped_weight, reference: raw, blocks: 4, block_rows: 64,
          outputs_per_array: 16, row_parasitic: 0.1, column_parasitic: 0.2, join_parasitic: 0.3,
          vtc_offset_mV: 3, vtc_gain_pct: 0.5, vtc_inl_pct: -0.17, jitter_ps: 1,
          full_scale_time_ns: 0.64, delay_ns: 0.1}
)")
                              .settings.macro;
    const AidacParams& a = m.aidac;
    EXPECT_EQ(m.kind, MacroKind::aidac);
    EXPECT_EQ(a.topology, AidacTopology::grouped_weight);
    EXPECT_EQ(a.reference, AidacReference::raw);
    EXPECT_EQ(a.blocks, 4);
    EXPECT_EQ(a.block_rows, 64);
    EXPECT_EQ(a.outputs_per_array, 16);
    EXPECT_EQ(a.row_parasitic, 0.1);
    EXPECT_EQ(a.column_parasitic, 0.2);
    EXPECT_EQ(a.join_parasitic, 0.3);
    EXPECT_EQ(a.vtc_offset, 3e-3);
    EXPECT_EQ(a.vtc_gain, 0.005);
    EXPECT_DOUBLE_EQ(a.vtc_inl, -0.0017);
    EXPECT_EQ(a.jitter, 1e-12);
    EXPECT_DOUBLE_EQ(a.full_scale_time, 0.64e-9);
    EXPECT_EQ(a.delay, 0.1e-9);
}

TEST_F(MacroKeysTest, AKeyOfAidacMakesTheMacroOne) {
    EXPECT_EQ(sweep("").base.macro.kind, MacroKind::bit_sliced);
    EXPECT_EQ(sweep("macro.kind: aidac\n").base.macro.kind, MacroKind::aidac);
    EXPECT_EQ(sweep("macro.aidac.blocks: 8\n").base.macro.kind, MacroKind::aidac);
    EXPECT_EQ(sweep("macro: {kind: bit_sliced, aidac: {blocks: 8}}\n").base.macro.kind,
              MacroKind::bit_sliced);
    EXPECT_EQ(points("grid: {macro.aidac.blocks: [4, 8]}\n")[1].macro.kind, MacroKind::aidac);
    const auto kinds = points("macro.aidac.blocks: 4\ngrid: {macro.kind: [bit_sliced, aidac]}\n");
    EXPECT_EQ(kinds[0].macro.kind, MacroKind::bit_sliced);
    EXPECT_EQ(kinds[1].macro.kind, MacroKind::aidac);
    const auto layers = resolve_layers(sweep("layers: [{match: a, macro.aidac.blocks: 4}]\n").base,
                                       std::vector<std::string>{"a", "b"});
    EXPECT_EQ(layers[0].macro.kind, MacroKind::aidac);
    EXPECT_EQ(layers[1].macro.kind, MacroKind::bit_sliced);
}

TEST_F(MacroKeysTest, RangesOfTheAdcAreToldApart) {
    const auto all = points(
        "grid: {macro.adc.range: [full, counts, [0, 0.5], percentile, {percentile: 99}, csnr]}\n");
    const std::vector<json> expected = {
        "full", "counts", {0, 32768}, {{"percentile", 99.9}}, {{"percentile", 99.0}}, "csnr"};
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].canonical()["macro"]["adc"]["range"], expected[i]);
    }
    EXPECT_EQ(all[4].parameters.front().second, (json{{"percentile", 99.0}}));
    EXPECT_EQ(all[4].macro.adc.bits, 8);
    EXPECT_THAT(sweep_error("grid: {macro.adc.range: [percentile, {percentile: 99.9}]}\n"),
                ::testing::HasSubstr("are the same configuration"));
}

// What the user wrote comes back, and different stored values never share a decimal.
TEST_F(MacroKeysTest, UnitsRoundTripInCanonicalText) {
    const auto written = [&](const std::string& key, const std::string& value) {
        const json canonical = sweep(
                                   "macro: {v_ref: 1, cell: {c_unit_fF: 5, hold_ns: 1, "
                                   "leakage_pA: 1}}\n",
                                   {"macro." + key + "=" + value})
                                   .base.canonical();
        std::string pointer = "/macro/" + key;
        std::replace(pointer.begin() + 7, pointer.end(), '.', '/');
        return canonical.at(json::json_pointer(pointer)).dump();
    };
    for (const std::string value :
         {"0.1", "0.3", "0.85", "1.0", "2.7", "3.3", "0.123456789012345", "7e-07", "11.7"}) {
        for (const std::string key :
             {"cell.c_unit_fF", "cell.mismatch_pct_sqrt_fF", "cell.leakage_pA", "cell.hold_ns",
              "switch.injection_offset_mV", "adc_errors.gain_pct"}) {
            EXPECT_EQ(written(key, value), value) << key;
        }
    }
    for (int i = 1; i < 2000; ++i) {
        const double stored = i * 0.7 / per_si(KeyUnit::percent_root_femto);
        const double decimal = in_key_unit(stored, per_si(KeyUnit::percent_root_femto));
        EXPECT_EQ(decimal / per_si(KeyUnit::percent_root_femto), stored);
    }
}

TEST_F(MacroKeysTest, WhatHasNoEffectStaysOutOfTheIdentity) {
    const auto text = [&](const std::string& added) {
        return sweep(added).base.canonical().dump();
    };
    const std::vector<std::string> no_effect = {"macro.voting.samples: 3\n",
                                                "macro.voting.levels: 3\n",
                                                "macro.voting.combine: mean\n",
                                                "macro.switch.reset: false\n",
                                                "macro.measured.scope: chip\n",
                                                "macro: {kind: bit_sliced, aidac: {blocks: 4}}\n",
                                                "macro.input_dac.table: null\n",
                                                "macro.measured.file: null\n",
                                                "macro.v_ref: 0\n"};
    for (const std::string& added : no_effect) EXPECT_EQ(text(added), text("")) << added;
    const std::string rule = "layers: [{match: a, macro.voting.levels: 3}]\n";
    EXPECT_NE(text(rule + "macro.voting.samples: 3\n"), text(rule));
    const std::string aidac = "layers: [{match: a, macro.aidac.blocks: 4}]\n";
    EXPECT_NE(text(aidac + "macro: {kind: bit_sliced, aidac: {block_rows: 256}}\n"), text(aidac));
}

TEST_F(MacroKeysTest, EverySettingOfACircuitChangesTheIdentity) {
    const std::string base =
        "activation_bits: 9\nmacro: {v_ref: 1, bits_per_cycle: 2, aidac: {full_scale_time_ns: 1}, "
        "cell: {c_unit_fF: 50, leakage_pA: 1, hold_ns: 1}, switch: {settling_error: 0.1}, "
        "voting: {levels: 2, samples: 2}}\n";
    std::set<std::string> seen = {sweep(base).base.canonical().dump()};
    int changed = 0;
    for (const KeyInfo& key : all_keys()) {
        const bool number = key.type == KeyType::whole || key.type == KeyType::real;
        if (!key.path.starts_with("macro.") || key.get == nullptr || !number) continue;
        const std::string value = key.type == KeyType::whole ? "9" : "0.75";
        const auto point =
            sweep(base, {std::string(key.path) + "=" + value}).base.canonical().dump();
        EXPECT_TRUE(seen.insert(point).second) << key.path;
        ++changed;
    }
    EXPECT_GE(changed, 40);
    for (const std::string setting :
         {"macro.kind=bit_sliced", "macro.weight_encoding=xnor", "macro.weight_parallel=true",
          "macro.voting.combine=mean", "macro.cell.calibrated=false", "macro.switch.reset=false",
          "macro.aidac.topology=grouped_weight", "macro.aidac.reference=raw",
          "macro.input_dac.table=[0, 1, 2, 3]", "macro.input_dac.table=[0, 1, 2, 4]"}) {
        EXPECT_TRUE(seen.insert(sweep(base, {setting}).base.canonical().dump()).second) << setting;
    }
}

TEST_F(MacroKeysTest, CanonicalTextIsPinned) {
    EXPECT_EQ(sweep("macro: {v_ref: 0.9, cell: {c_unit_fF: 2, mismatch_pct_sqrt_fF: 0.85}, "
                    "adc: {range: percentile}, switch: {injection_offset_mV: 0.5}, "
                    "voting: {levels: 5, samples: 3}, array.columns: 128}\n")
                  .base.canonical()["macro"]
                  .dump(),
              R"({"adc":{"bits":8,"range":{"percentile":99.9}},"array":{"columns":128},)"
              R"("bits_per_cycle":1,"cell":{"c_unit_fF":2.0,"mismatch_pct_sqrt_fF":0.85},)"
              R"("mapping":"whole_channels","rows":255,"switch":{"injection_offset_mV":0.5},)"
              R"("v_ref":0.9,"voting":{"levels":5,"samples":3}})");
    EXPECT_EQ(sweep("layers: [{match: a, macro.aidac.vtc_offset_mV: 3}]\n")
                  .base.canonical()["layers"]
                  .dump(),
              R"([{"macro":{"aidac":{"vtc_offset_mV":3.0},"kind":"aidac"},"match":"a"}])");
}

}  // namespace
}  // namespace acim
