// SPDX-License-Identifier: Apache-2.0
// Errors of one chip: the vector kernel gives the integers of the reference kernel, term by term
// and all together, and where every position lies on an edge.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "host/engine/simd_kernel.hpp"
#include "host/engine/simd_loops.hpp"
#include "host/engine/simd_pack.hpp"
#include "tests/engine/random_layer.hpp"

namespace acim {
namespace {

using testing_support::LayerRun;
using testing_support::Pick;

struct Term {
    std::string name;
    std::function<void(MacroParams&)> set;
    Sampler sampler = Sampler::chip_filter;
};

std::vector<Term> terms() {
    const auto mismatch = [](MacroParams& m) { m.cell.mismatch = 0.0085 * 3.1623e-8; };
    const auto offset = [](MacroParams& m) { m.adc_errors.offset = 0.3; };
    std::vector<Term> all = {
        {"mismatch", mismatch},
        {"parasitic_variation",
         [](MacroParams& m) { m.cell.parasitic_ratio = 0.2, m.cell.parasitic_variation = 0.1; }},
        {"injection_variation",
         [](MacroParams& m) { m.switches.injection_offset_variation = 5e-4; }},
        {"offset", offset},
        {"gain", [](MacroParams& m) { m.adc_errors.gain = 0.01; }},
        {"dnl", [](MacroParams& m) { m.adc_errors.dnl = 0.1; }},
        {"wild_dnl", [](MacroParams& m) { m.adc_errors.dnl = 0.5; }},
        {"settling", [=](MacroParams& m) { offset(m), m.switches.settling_error = 0.002; }},
        {"memory",
         [](MacroParams& m) { m.switches.settling_error = 0.002, m.switches.reset = false; },
         Sampler::chip_model},
        {"curvature", [=](MacroParams& m) { mismatch(m), m.switches.injection_curvature = 0.002; },
         Sampler::chip_model},
        {"nonlinear_noise", [=](MacroParams& m) { offset(m), m.noise.nonlinear.sigma = 0.3; }},
        {"current", [](MacroParams& m) { m.current_domain.variation = 0.05; }},
        {"bent_current",
         [](MacroParams& m) {
             m.current_domain = {1e-4, 0.05};
         },
         Sampler::chip_model},
        {"all", [=](MacroParams& m) {
             mismatch(m), offset(m);
             m.cell.parasitic_ratio = 0.2, m.cell.parasitic_variation = 0.1;
             m.cell.leakage = 1e-11, m.cell.hold_time = 1.5e-8, m.cell.temperature = 300.0;
             m.switches = {5e-4, 3e-4, 1e-3, 0.0, 1.5e-3, true};
             m.adc_errors.gain = 0.01, m.adc_errors.dnl = 0.05, m.adc_errors.comparator = 0.2;
             m.noise.nonlinear.sigma = 0.1;
         }}};
    return all;
}

LayerRun layer_of(const Term& term, WeightEncoding encoding, double sigma, int bits_per_cycle) {
    LayerRun layer;
    LayerSettings& s = layer.settings;
    s.macro.rows = 63;
    s.macro.mapping = RowMapping::dense;
    s.macro.bits_per_cycle = bits_per_cycle;
    s.macro.weight_encoding = encoding;
    s.macro.v_ref = 0.9;
    s.macro.cell.unit_capacitance = 2e-15;
    s.macro.noise.random = {sigma, NoiseUnit::lsb};
    s.macro.array.columns_per_adc = 2;
    term.set(s.macro);
    layer.shape = {11, 150, 1, false};
    layer.pixels = 3;
    Pick pick(9);
    layer.draw_operands(pick);
    return layer;
}

Sampler sampler_of(const LayerRun& layer) {
    TableStore tables;
    const LayerPlan plan = layer.plan();
    return pack_layer(plan, layer.shape.outputs, layer.weights, {}, tables).sampler;
}

class ChipKernel : public testing::TestWithParam<Term> {
protected:
    void TearDown() override { simd::force_target(""); }
};

void expect_reference(const LayerRun& layer) {
    const auto expected = layer.run(*make_reference_kernel(), 3);
    const auto kernel = make_simd_kernel();
    for (const std::string& target : simd::compiled_targets()) {
        if (!simd::force_target(target)) continue;  // this machine cannot run it
        EXPECT_EQ(layer.run(*kernel, 3), expected) << target << " " << layer.describe();
    }
}

TEST_P(ChipKernel, EqualsReference) {
    for (const WeightEncoding encoding :
         {WeightEncoding::twos_complement, WeightEncoding::offset_binary,
          WeightEncoding::differential, WeightEncoding::xnor})
        for (const double sigma : {0.0, 0.5})
            for (const int bits_per_cycle : {1, 3})
                expect_reference(layer_of(GetParam(), encoding, sigma, bits_per_cycle));
}

TEST_P(ChipKernel, SamplerServes) {
    const LayerRun layer = layer_of(GetParam(), WeightEncoding::twos_complement, 0.5, 1);
    EXPECT_EQ(sampler_of(layer), GetParam().sampler);
}

TEST_P(ChipKernel, ChipsDifferAndLast) {
    const LayerRun layer = layer_of(GetParam(), WeightEncoding::twos_complement, 0.0, 1);
    if (!layer.plan().per_chip) return;
    const auto kernel = make_simd_kernel();
    EXPECT_EQ(layer.run(*kernel, 3), layer.run(*kernel, 3));
    EXPECT_NE(layer.run(*kernel, 3)[0], layer.run(*kernel, 4)[0]);
}

INSTANTIATE_TEST_SUITE_P(Terms, ChipKernel, testing::ValuesIn(terms()),
                         [](const auto& test) { return test.param.name; });

// A third of a million draws: some hundred of them come as near to an edge as the bounds on the
// filter's errors reach.
TEST(ChipDraws, EqualReference) {
    LayerRun layer;
    MacroParams& m = layer.settings.macro;
    m.noise.random = {0.5, NoiseUnit::lsb};
    m.cell.unit_capacitance = 2e-15;
    m.cell.mismatch = 0.0085 * 3.1623e-8;
    layer.shape = {43, 500, 1, false};
    layer.pixels = 60;
    Pick pick(4);
    layer.draw_operands(pick);
    expect_reference(layer);
    m.adc_errors.dnl = 0.05;
    expect_reference(layer);
    simd::force_target("");
}

// 254 rows on 127 codes: every odd sum lies half way between two codes, and errors of 1e-9 LSB
// leave it there. No float may decide these.
TEST(ChipTies, GoToTheModel) {
    for (const double sigma : {0.0, 2e-6, 1e-4, 0.5}) {
        for (const double dnl : {0.0, 1e-9}) {
            LayerRun layer;
            MacroParams& m = layer.settings.macro;
            m.rows = 254;
            m.mapping = RowMapping::dense;
            m.adc.bits = 7;
            m.adc_errors.offset = 1e-9;
            m.adc_errors.dnl = dnl;
            m.noise.random = {sigma, NoiseUnit::lsb};
            layer.shape = {9, 254, 1, false};
            layer.pixels = 4;
            Pick pick(2);
            layer.draw_operands(pick);
            ASSERT_EQ(sampler_of(layer), Sampler::chip_filter);
            expect_reference(layer);
            simd::force_target("");
        }
    }
}

}  // namespace
}  // namespace acim
