// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/sweep/macro_check.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using MacroCheckTest = SweepTest;

TEST_F(MacroCheckTest, TermsThatLackAReference) {
    const std::string v_ref =
        "but macro.v_ref is not given. Give the voltage of the full scale, for example "
        "macro.v_ref: "
        "0.9.";
    const std::string c_unit =
        "but macro.cell.c_unit_fF is not given. Give the capacitance of a cell, for example "
        "macro.cell.c_unit_fF: 2.";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"macro.noise.random: {sigma: 0.5, unit: volt}\n",
         "s.yaml:5: key 'macro.noise.random.sigma' is 0.5, " + v_ref},
        {"macro:\n  switch: {injection_offset_mV: -1}\n",
         "s.yaml:6: key 'macro.switch.injection_offset_mV' is -1.0, " + v_ref},
        {"macro.switch.injection_offset_variation_mV: 0.25\n",
         "s.yaml:5: key 'macro.switch.injection_offset_variation_mV' is 0.25, " + v_ref},
        {"macro: {cell: {temperature_K: 300, c_unit_fF: 2}}\n",
         "s.yaml:5: key 'macro.cell.temperature_K' is 300.0, " + v_ref},
        {"macro.adc_errors: {offset_mV: 3}\n",
         "s.yaml:5: key 'macro.adc_errors.offset_mV' is 3.0, " + v_ref},
        {"macro.adc_errors: {dnl_mV: 0.5}\n",
         "s.yaml:5: key 'macro.adc_errors.dnl_mV' is 0.5, " + v_ref},
        {"macro.adc_errors: {comparator_mV: 1}\n",
         "s.yaml:5: key 'macro.adc_errors.comparator_mV' is 1.0, " + v_ref},
        {"macro.aidac.vtc_offset_mV: 3\n",
         "s.yaml:5: key 'macro.aidac.vtc_offset_mV' is 3.0, " + v_ref},
        {"macro: {v_ref: 1, cell: {temperature_K: 300}}\n",
         "s.yaml:5: key 'macro.cell.temperature_K' is 300.0, " + c_unit},
        {"macro.cell.mismatch_pct_sqrt_fF: 0.85\n",
         "s.yaml:5: key 'macro.cell.mismatch_pct_sqrt_fF' is 0.85, " + c_unit},
        {"macro.cell.c_par_fF: 2\n", "s.yaml:5: key 'macro.cell.c_par_fF' is 2.0, " + c_unit},
        {"macro: {v_ref: 1, cell: {leakage_pA: 10, hold_ns: 15}}\n",
         "s.yaml:5: key 'macro.cell.leakage_pA' is 10.0, " + c_unit},
        {"macro: {v_ref: 1, cell: {leakage_pA: 10, c_unit_fF: 2}}\n",
         "s.yaml:5: key 'macro.cell.leakage_pA' is 10.0, but macro.cell.hold_ns is not given. Give "
         "the time for which the cells leak, for example macro.cell.hold_ns: 15."},
        {"\nmacro.cell.hold_ns: 15\n",
         "s.yaml:6: key 'macro.cell.hold_ns' is given, but macro.cell.leakage_pA is not. Give the "
         "leakage of a cell, or remove hold_ns."},
        {"macro.aidac.jitter_ps: 1\n",
         "s.yaml:5: key 'macro.aidac.jitter_ps' is 1.0, but macro.aidac.full_scale_time_ns is not "
         "given. Give the time of a block at full scale."}};
    for (const auto& [text, expected] : cases) EXPECT_EQ(sweep_error(text), expected);
    EXPECT_EQ(sweep_error("macro: {kind: bit_sliced, aidac: {vtc_offset_mV: 3}}\n"), "");
    EXPECT_EQ(sweep_error("macro: {v_ref: 1, cell: {c_unit_fF: 2, hold_ns: 15}}\n"
                          "grid: {macro.cell.leakage_pA: [0, 10]}\n"),
              "");
}

TEST_F(MacroCheckTest, KeysThatContradictEachOther) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"macro: {current_domain: {alpha: 0.002}, cell: {c_par_ratio: 0.1}}\n",
         "s.yaml:5: key 'macro.cell.c_par_ratio' is 0.1, but macro.current_domain is on, which "
         "stands in place of the charge terms. Remove one of the two."},
        {"macro: {current_domain: {variation_pct: 2}, switch: {settling_error: 0.1}}\n",
         "s.yaml:5: key 'macro.switch.settling_error' is 0.1, but macro.current_domain is on"},
        {"macro: {weight_parallel: true, weight_encoding: xnor}\n",
         "s.yaml:5: key 'macro.weight_encoding' is xnor, but macro.weight_parallel is true, which "
         "converts all planes at once. Remove one of the two."},
        {"macro: {weight_parallel: true, noise.nonlinear.sigma: 0.5}\n",
         "s.yaml:5: key 'macro.noise.nonlinear.sigma' is 0.5, but macro.weight_parallel is true"},
        {"macro: {v_ref: 1, adc_errors: {offset_lsb: 0.1, offset_mV: 2}}\n",
         "s.yaml:5: key 'macro.adc_errors.offset_mV' is 2.0, but macro.adc_errors.offset_lsb gives "
         "the same error in LSB. Remove one of the two."},
        {"macro: {v_ref: 1, adc_errors: {comparator_lsb: 0.1, comparator_mV: 2}}\n",
         "macro.adc_errors.comparator_lsb gives the same error in LSB"},
        {"macro: {v_ref: 1, adc_errors: {dnl_lsb: 0.1, dnl_mV: 2}}\n",
         "macro.adc_errors.dnl_lsb gives the same error in LSB"},
        {"macro.array.columns: 7\n",
         "s.yaml:5: key 'macro.array.columns' is 7, but one weight takes 8 columns. Give a whole "
         "weight room."},
        {"macro: {array.columns: 13, weight_encoding: differential}\n", "takes 14 columns"},
        {"macro: {bits_per_cycle: 2, input_dac.table: [0, 0.5, 0]}\n",
         "s.yaml:5: key 'macro.input_dac.table' is [0.0,0.5,0.0], but has 3 values and "
         "macro.bits_per_cycle is 2. Give one for each of the 4 codes."},
        {"macro.cell: {c_unit_fF: 1, mismatch_pct_sqrt_fF: 13}\n",
         "s.yaml:5: key 'macro.cell.mismatch_pct_sqrt_fF' is 13.0, but gives a cell a sigma of 13 "
         "% "
         "at this c_unit_fF. Stay at 12.5 % or below"}};
    for (const auto& [text, expected] : cases) {
        EXPECT_THAT(sweep_error(text), HasSubstr(expected)) << text;
    }
    for (const std::string valid :
         {"macro.cell: {c_unit_fF: 4, mismatch_pct_sqrt_fF: 24}\n",
          "macro.voting: {levels: 0, samples: 4, combine: mode}\n",
          "macro: {array.columns: 8, weight_encoding: xnor}\n",
          "macro: {v_ref: 1, current_domain.alpha: 0.1, noise.random: {sigma: 0.1, unit: volt}}\n",
          "macro: {bits_per_cycle: 2, input_dac.table: [0, 0.5, 0.5, 0]}\n"}) {
        EXPECT_EQ(sweep_error(valid), "") << valid;
    }
}

TEST_F(MacroCheckTest, PointsNameTheirAxis) {
    EXPECT_EQ(sweep_error("macro.rows: 64\ngrid:\n  macro.cell.leakage_pA: [0, 10]\n"),
              "s.yaml:7: at the point macro.cell.leakage_pA=10.0: key 'macro.cell.leakage_pA' is "
              "10.0, but macro.v_ref is not given. Give the voltage of the full scale, for example "
              "macro.v_ref: 0.9.");
}

TEST_F(MacroCheckTest, RulesMayCompleteAMacroOrBreakIt) {
    const std::vector<std::string> names = {"conv", "fc"};
    const std::string rule = "layers:\n  - {match: 'fc', macro: {v_ref: 0.9}}\n";
    const PointConfig half = sweep("macro.switch.injection_offset_mV: 1\n" + rule).base;
    EXPECT_THAT(message([&] { resolve_layers(half, names); }),
                StartsWith("layer 'conv': key 'macro.switch.injection_offset_mV' is 1.0, but "
                           "macro.v_ref is not given."));
    EXPECT_EQ(message([&] { resolve_layers(half, std::vector<std::string>{"fc"}); }), "");
    const PointConfig broken =
        sweep("layers:\n  - {match: fc, macro.switch.injection_offset_mV: 1}\n").base;
    EXPECT_THAT(message([&] { resolve_layers(broken, names); }),
                StartsWith("s.yaml:6: layer 'fc': key 'macro.switch.injection_offset_mV' is 1.0"));
    const PointConfig digital =
        sweep("layers:\n  - {match: fc, macro.switch.injection_offset_mV: 1, analog: false}\n")
            .base;
    EXPECT_EQ(message([&] { resolve_layers(digital, names); }), "");
}

TEST_F(MacroCheckTest, MacFilesAreCheckedAndNeedASeedForEveryDraw) {
    EXPECT_THAT(mac_error("seed: 1\nmacro.switch.injection_offset_mV: 1\n"),
                StartsWith("s.yaml:2: key 'macro.switch.injection_offset_mV' is 1.0, but"));
    const std::vector<std::string> drawn = {"noise.random.sigma: 1",
                                            "noise.nonlinear.sigma: 1",
                                            "adc_errors: {offset_lsb: 1}",
                                            "adc_errors: {gain_pct: 1}",
                                            "adc_errors: {dnl_lsb: 1}",
                                            "adc_errors: {comparator_lsb: 1}",
                                            "adc_errors: {offset_mV: 1}",
                                            "adc_errors: {comparator_mV: 1}",
                                            "cell: {c_unit_fF: 1, mismatch_pct_sqrt_fF: 1}",
                                            "cell: {c_unit_fF: 1, temperature_K: 3}",
                                            "cell: {c_par_ratio: 1, c_par_variation_pct: 1}",
                                            "input_dac: {inl_lsb: 1}",
                                            "switch: {injection_offset_variation_mV: 1}",
                                            "current_domain: {variation_pct: 1}",
                                            "aidac: {vtc_offset_mV: 1}",
                                            "aidac: {vtc_gain_pct: 1}",
                                            "aidac: {jitter_ps: 1, full_scale_time_ns: 1}"};
    for (const std::string& keys : drawn) {
        EXPECT_EQ(mac_error("macro: {v_ref: 1, " + keys + "}\n"),
                  "s.yaml: key 'seed' is missing, but the macro draws random numbers. Add for "
                  "example seed: 1.")
            << keys;
    }
    for (const std::string keys :
         {"switch: {injection_offset_mV: 1, injection_gain: 0.1, settling_error: 0.1}",
          "cell: {c_unit_fF: 1, leakage_pA: 1, hold_ns: 1, c_par_fF: 3}",
          "current_domain: {alpha: 0.1}", "aidac: {vtc_inl_pct: 1}",
          "noise: {inject: [1, 1], random.sigma: 1}, adc_errors: {comparator_lsb: 1}"}) {
        EXPECT_EQ(mac_error(std::string("macro: {v_ref: 1, ") + keys + "}\n"), "") << keys;
    }
}

}  // namespace
}  // namespace acim
