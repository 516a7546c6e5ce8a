// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "tests/trial/aidac_fixture.hpp"

// AiDAC macros drawn at random.
namespace acim::testing_device {

// Which errors are on.
struct AidacErrors {
    bool mismatch, fixed, converters, raw, noise, fixed_path;
};

inline AidacErrors random_aidac_errors(std::mt19937& draw) {
    const auto half = [&] { return draw() % 2 != 0; };
    return {half(), half(), half(), half(), half(), half()};
}

inline void set_errors(LayerSettings& s, const AidacErrors& on) {
    const LayerSettings full = testing_reference::default_aidac();
    MacroParams& m = s.macro;
    m.v_ref = full.macro.v_ref;
    m.cell.unit_capacitance = full.macro.cell.unit_capacitance;
    if (on.mismatch) m.cell.mismatch = 10 * full.macro.cell.mismatch;
    if (on.fixed) {
        m.switches.injection_offset = 10 * full.macro.switches.injection_offset;
        m.switches.injection_gain = 0.02;
        m.switches.settling_error = 0.03;
        m.cell.leakage = 20 * full.macro.cell.leakage;
        m.cell.hold_time = full.macro.cell.hold_time;
        m.aidac.vtc_inl = 0.02;
    }
    if (on.converters) {
        m.aidac.vtc_offset = 10 * full.macro.aidac.vtc_offset;
        m.aidac.vtc_gain = 10 * full.macro.aidac.vtc_gain;
    }
    if (on.raw) m.aidac.reference = AidacReference::raw;
    if (on.noise) {
        m.cell.temperature = 300.0;
        m.aidac.jitter = 5e-12;
        m.aidac.full_scale_time = full.macro.aidac.full_scale_time;
        m.noise.random = {0.2, NoiseUnit::percent_fs};
    }
    if (on.fixed_path) s.path = PathRequest::fixed;
}

// Arrays, parasitics and widths; every error is off.
inline LayerSettings random_aidac(std::mt19937& draw) {
    const auto one_of = [&](unsigned n) { return static_cast<int>(draw() % n); };
    LayerSettings s = testing_reference::ideal_aidac();
    AidacParams& a = s.macro.aidac;
    if (one_of(2) != 0) a.topology = AidacTopology::grouped_weight;
    const bool cells = a.topology == AidacTopology::grouped_cells;
    a.blocks = 1 + one_of(4);
    a.block_rows = cells ? 128 + one_of(40) : 1 + one_of(150);
    a.outputs_per_array = 1 + one_of(cells ? 32 : 70);
    a.row_parasitic = 0.1 * one_of(3);
    a.column_parasitic = 0.07 * one_of(3);
    a.join_parasitic = 0.3 * one_of(2);
    s.weight_bits = 1 + one_of(8);
    s.activation_bits = 2 + one_of(7);
    s.macro.adc.bits = 8 + one_of(7);
    return s;
}

}  // namespace acim::testing_device
