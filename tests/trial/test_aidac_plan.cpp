// SPDX-License-Identifier: Apache-2.0
// How an AiDAC layer is planned, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "cuda/trial/aidac_layer.hpp"
#include "tests/trial/aidac_fixture.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

const LayerShape shape{5, 2500, 9, true};

TEST(AidacPlan, OneConversionPerOutputAndSpan) {
    const LayerPlan plan = describe_layer(ref::default_aidac(), shape);
    EXPECT_EQ(plan.rows, 1024);
    EXPECT_EQ(plan.group_rows, 1024);
    EXPECT_EQ(plan.groups, 3);  // 2500 rows
    EXPECT_EQ(plan.depth, 2500);
    EXPECT_EQ(plan.cycles.count, 1);
    EXPECT_EQ(plan.columns.count, 1);
    ASSERT_EQ(plan.conversions.size(), 1u);
    EXPECT_EQ(plan.conversions[0].weight, 1);
    EXPECT_EQ(plan.adc_conversions(7), 21);
    EXPECT_EQ(plan.path, SamplingPath::chip);
    EXPECT_TRUE(plan.random);
    EXPECT_TRUE(plan.per_chip);
}

// A code is worth 1024*256*255/2^B products of 8 bits, less by 2^(16-X-W) of shorter operands.
TEST(AidacPlan, AnOutputIsCodesTimesTheStepOfTheTdc) {
    LayerSettings s = ref::ideal_aidac();
    const auto step = [&] {
        const LayerPlan plan = describe_layer(s, shape);
        return plan.output.num / plan.output.den;
    };
    EXPECT_EQ(step(), 1024.0 * 256 * 255 / 256);
    s.macro.adc.bits = 14;
    EXPECT_EQ(step(), 1024.0 * 256 * 255 / 16384);
    s.weight_bits = 4;
    s.activation_bits = 6;
    EXPECT_EQ(step(), 1024.0 * 256 * 255 / 16384 / 64);
    const AidacOperands operands = aidac_operands(describe_layer(s, shape));
    EXPECT_EQ(operands.input_offset, 32);
    EXPECT_EQ(operands.weight_offset, 8);
    EXPECT_EQ(operands.shift, 6);
}

TEST(AidacPlan, ThePathSaysWhatIsDrawn) {
    const auto plan = [](const std::function<void(MacroParams&)>& set,
                         PathRequest path = PathRequest::automatic) {
        LayerSettings s = ref::ideal_aidac();
        s.path = path;
        s.macro.v_ref = 0.9;
        s.macro.cell.unit_capacitance = 2e-15;
        s.macro.aidac.full_scale_time = 1e-9;
        set(s.macro);
        return describe_layer(s, shape);
    };
    const auto check = [](const LayerPlan& p, SamplingPath path, bool random, bool per_chip) {
        EXPECT_EQ(p.path, path);
        EXPECT_EQ(p.random, random);
        EXPECT_EQ(p.per_chip, per_chip);
    };
    check(plan([](MacroParams&) {}), SamplingPath::lut, false, false);
    check(plan([](MacroParams&) {}, PathRequest::fixed), SamplingPath::fixed, false, false);
    check(plan([](MacroParams& m) { m.aidac.row_parasitic = 0.2; }), SamplingPath::lut, false,
          false);
    check(plan([](MacroParams& m) { m.aidac.vtc_inl = -1e-3; }), SamplingPath::chip, false, false);
    check(plan([](MacroParams& m) { m.switches.settling_error = 1e-3; }), SamplingPath::chip, false,
          false);
    check(plan([](MacroParams& m) { m.cell.mismatch = 1e-10; }), SamplingPath::chip, false, true);
    check(plan([](MacroParams& m) { m.aidac.vtc_gain = 1e-3; }), SamplingPath::chip, false, true);
    check(plan([](MacroParams& m) { m.cell.temperature = 300; }), SamplingPath::chip, true, false);
    check(plan([](MacroParams& m) { m.aidac.jitter = 1e-12; }, PathRequest::fixed),
          SamplingPath::fixed, true, false);
    check(plan([](MacroParams& m) { m.noise.random.sigma = 0.5; }), SamplingPath::chip, true,
          false);
    // Without an error of its own a raw reference is an ideal one.
    check(plan([](MacroParams& m) { m.aidac.reference = AidacReference::raw; }), SamplingPath::lut,
          false, false);
}

TEST(AidacPlan, NoiseOfAllSourcesIsOneSigma) {
    LayerSettings s = ref::default_aidac();
    MacroParams& m = s.macro;
    m.cell.temperature = 0.0;
    const double jitter = 1e-12 / 0.64e-9 / std::sqrt(8.0) * 256;
    EXPECT_NEAR(aidac_noise(m), jitter, 1e-12);
    EXPECT_EQ(aidac_reference_noise(m), 0.0);
    m.noise.random.sigma = 0.3;
    EXPECT_NEAR(aidac_noise(m), std::hypot(jitter, 0.3), 1e-12);
    m.noise.random.unit = NoiseUnit::percent_fs;
    EXPECT_NEAR(aidac_noise(m), std::hypot(jitter, 0.003 * 256), 1e-12);
    m.aidac.reference = AidacReference::raw;
    EXPECT_NEAR(aidac_reference_noise(m), jitter, 1e-12);
}

struct Refusal {
    const char* says;
    void (*set)(LayerSettings&);
};

class AidacRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(AidacRefusal, NamesTheKey) {
    LayerSettings s = ref::default_aidac();
    ASSERT_NO_THROW(describe_layer(s, shape));
    GetParam().set(s);
    try {
        describe_layer(s, shape);
        FAIL() << "accepted: " << GetParam().says;
    } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string(error.what()).find(GetParam().says), std::string::npos)
            << error.what();
    }
}

using S = LayerSettings;
INSTANTIATE_TEST_SUITE_P(
    Settings, AidacRefusal,
    testing::Values(
        Refusal{"activation_bits is 9", [](S& s) { s.activation_bits = 9; }},
        Refusal{"blocks is 0", [](S& s) { s.macro.aidac.blocks = 0; }},
        Refusal{"block_rows is 127, but must be 128 to 4096: the join takes",
                [](S& s) { s.macro.aidac.block_rows = 127; }},
        Refusal{"times block_rows is 40960", [](S& s) { s.macro.aidac.blocks = 320; }},
        Refusal{"outputs_per_array is 33", [](S& s) { s.macro.aidac.outputs_per_array = 33; }},
        Refusal{"negative value -0.1", [](S& s) { s.macro.aidac.join_parasitic = -0.1; }},
        Refusal{"macro.weight_encoding",
                [](S& s) { s.macro.weight_encoding = WeightEncoding::differential; }},
        Refusal{"macro.bits_per_cycle is 2", [](S& s) { s.macro.bits_per_cycle = 2; }},
        Refusal{"macro.hybrid.levels is 3", [](S& s) { s.macro.hybrid.levels = 3; }},
        Refusal{"macro.voting.samples is 5",
                [](S& s) {
                    s.macro.voting = {3, 5, VoteCombination::mode};
                }},
        Refusal{"macro.weight_parallel", [](S& s) { s.macro.weight_parallel = true; }},
        Refusal{"macro.adc.range", [](S& s) { s.macro.adc.range = AdcRange::counts; }},
        Refusal{"macro.noise.nonlinear.sigma is 0.5",
                [](S& s) { s.macro.noise.nonlinear.sigma = 0.5; }},
        Refusal{"macro.noise.inject",
                [](S& s) {
                    s.macro.noise.inject = {true, 1.0, 0.0};
                }},
        Refusal{"macro.noise.random.unit is volt",
                [](S& s) {
                    s.macro.noise.random = {1e-3, NoiseUnit::volt};
                }},
        Refusal{"macro.adc_errors", [](S& s) { s.macro.adc_errors.comparator = 0.1; }},
        Refusal{"macro.adc_errors", [](S& s) { s.macro.adc_errors.gain = 0.1; }},
        Refusal{"macro.measured.file",
                [](S& s) { s.macro.measured.table = std::make_shared<MeasuredErrorTable>(); }},
        Refusal{"macro.chip_file", [](S& s) { s.macro.chip = std::make_shared<MeasuredChip>(); }},
        Refusal{"macro.current_domain", [](S& s) { s.macro.current_domain.alpha = 1e-3; }},
        Refusal{"grouped_cells converts inputs", [](S& s) { s.macro.input_dac.inl = 0.2; }},
        Refusal{"ideal converters",
                [](S& s) {
                    s.macro.input_dac.inl = 0.2;
                    s.macro.aidac.topology = AidacTopology::grouped_weight;
                }},
        Refusal{"c_par_ratio", [](S& s) { s.macro.cell.parasitic_ratio = 0.1; }},
        Refusal{"macro.cell.calibrated", [](S& s) { s.macro.cell.calibrated = false; }},
        Refusal{"injection_curvature", [](S& s) { s.macro.switches.injection_curvature = 0.1; }},
        Refusal{"macro.switch.reset", [](S& s) { s.macro.switches.reset = false; }},
        Refusal{"c_unit_fF is not given", [](S& s) { s.macro.cell.unit_capacitance = 0.0; }},
        Refusal{"need macro.v_ref", [](S& s) { s.macro.v_ref = 0.0; }},
        Refusal{"full_scale_time_ns", [](S& s) { s.macro.aidac.full_scale_time = 0.0; }},
        Refusal{"a sigma of 12 %, but", [](S& s) { s.macro.cell.mismatch *= 0.12 / 0.00601041; }},
        Refusal{"1e-6 to 32768 LSB of the TDC", [](S& s) { s.macro.noise.random.sigma = 4e4; }}));

}  // namespace
}  // namespace acim
