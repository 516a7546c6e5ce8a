// SPDX-License-Identifier: Apache-2.0
// The error budget of AiDAC (SPEC section 10, item 3): one term at a time and all together, from
// codes of the kernel, in % of full scale. Random operands are uniform over 8 bits.
//
// Odds: seeds are fixed, so a case either passes for ever or never. Terms that are static per
// output and block have 6400 independent samples (100 chips of 64 outputs), so a standard deviation
// is known to 0.88 % and is allowed 5 times that; fresh ones have 51200 (0.31 %). 5 sigma is 6e-7 a
// number.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/trial/aidac_fixture.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;

constexpr int chips = 100, outputs = 64;
constexpr double by_output = 5 / 113.1;      // 5 sigma of a standard deviation, 5 / sqrt(2*6400)
constexpr double by_conversion = 5 / 320.0;  // 5 / sqrt(2*51200)

enum class Operands {
    uniform,    // 8 pixels of uniform inputs and weights
    full_swing  // all inputs alike, from 0 to 255, all weights 255
};

struct Budget {
    double mean = 0.0, sigma = 0.0;  // of the error [% FS]
    double signal = 0.0;             // sigma of the ideal result [% FS]

    double bound() const { return std::abs(mean) + 3 * sigma; }
    // What is left of sigma after the variance of rounding to 2^bits codes.
    double without_rounding(int bits) const {
        const double lsb = 100.0 / (1 << bits);
        return std::sqrt(sigma * sigma - lsb * lsb / 12);
    }
    double ratio_db(double error) const { return 20 * std::log10(signal / error); }
};

ref::AidacCase layer(const LayerSettings& settings, Operands operands) {
    ref::AidacCase c;
    c.settings = settings;
    c.shape = {outputs, settings.macro.aidac.blocks * settings.macro.aidac.block_rows, 1, false};
    c.pixels = operands == Operands::uniform ? 8 : 52;
    c.site.outputs = outputs;
    return c;
}

Budget measure(const LayerSettings& settings, Operands operands = Operands::uniform) {
    ref::AidacCase c = layer(settings, operands);
    std::mt19937 draw(2312);
    const double full = c.shape.depth * 256.0 * 255.0;
    const double codes = 1 << settings.macro.adc.bits;
    double n = 0, sum = 0, squares = 0, signal = 0, signal_squares = 0;
    for (std::uint32_t chip = 0; chip < chips; ++chip) {
        c.fill(draw);
        if (operands == Operands::full_swing) {
            std::fill(c.weights.begin(), c.weights.end(), std::int8_t{127});
            for (std::size_t i = 0; i < c.inputs.size(); ++i)
                c.inputs[i] = static_cast<std::int16_t>(i / c.shape.depth * 5);
        }
        c.site.chip = chip_key(11836, chip);
        c.place.key = trial_key(11836, chip, 0);
        const ref::AidacResult out = ref::run_aidac(c);
        for (std::size_t i = 0; i < out.analog.size(); ++i) {
            const double ideal = static_cast<double>(out.exact[i] - out.digital[i]) / full;
            const double error = static_cast<double>(out.analog[i]) / codes - ideal;
            n += 1;
            sum += error;
            squares += error * error;
            signal += ideal;
            signal_squares += ideal * ideal;
        }
    }
    Budget b;
    b.mean = 100 * sum / n;
    b.sigma = 100 * std::sqrt(squares / n - sum / n * (sum / n));
    b.signal = 100 * std::sqrt(signal_squares / n - signal / n * (signal / n));
    return b;
}

// AiDAC without errors and parasitics; a fine TDC shows small terms.
LayerSettings only(int tdc_bits = 14) {
    LayerSettings s = ref::ideal_aidac();
    s.macro.adc.bits = tdc_bits;
    s.macro.v_ref = 0.9;
    s.macro.cell.unit_capacitance = 2e-15;
    return s;
}

void set_parasitics(LayerSettings& s, double r) {
    s.macro.aidac.row_parasitic = s.macro.aidac.column_parasitic = r;
    s.macro.aidac.join_parasitic = r;
}

TEST(AidacBudget, MismatchIsLinearInTheUnitsSigma) {
    const double pelgrom = ref::default_aidac().macro.cell.mismatch;
    LayerSettings s = only();
    for (const double factor : {1.0, 10.0}) {
        s.macro.cell.mismatch = factor * pelgrom;
        const double expected = 5.864e-3 * factor * 100 * 0.85e-2 / std::sqrt(2.0);  // 0.00352
        EXPECT_NEAR(measure(s).without_rounding(14), expected, 0.05 * expected);
    }
    s.macro.aidac.topology = AidacTopology::grouped_weight;
    const double expected = 6.32e-4 * 1000 * 0.85e-2 / std::sqrt(2.0);
    EXPECT_NEAR(measure(s).without_rounding(14), expected, 0.06 * expected);
}

TEST(AidacBudget, ThermalNoiseFallsWithTheRootOfCapacitance) {
    LayerSettings s = only();
    s.macro.cell.temperature = 300.0;
    const double one = measure(s).without_rounding(14);
    EXPECT_NEAR(one, 0.00354, by_conversion * 0.004);
    s.macro.cell.unit_capacitance *= 2;
    EXPECT_NEAR(measure(s).without_rounding(14), 0.00354 / std::sqrt(2.0), by_conversion * 0.004);
}

TEST(AidacBudget, ConverterOffsetGrowsAsTheSwingShrinks) {
    LayerSettings s = only();
    s.macro.aidac.vtc_offset = 3e-3;
    EXPECT_NEAR(measure(s).sigma, 0.1179, by_output * 0.1179);
    set_parasitics(s, 0.1);
    EXPECT_NEAR(measure(s).sigma, 0.1569, by_output * 0.1569);
}

TEST(AidacBudget, ConverterGain) {
    LayerSettings s = only();
    s.macro.aidac.vtc_gain = 5e-3;
    EXPECT_NEAR(measure(s).sigma, 0.0442, by_output * 0.0442);
}

TEST(AidacBudget, Jitter) {
    LayerSettings s = only();
    s.macro.aidac.jitter = 1e-12;
    s.macro.aidac.full_scale_time = 0.64e-9;
    EXPECT_NEAR(measure(s).without_rounding(14), 0.0552, by_conversion * 0.0552);
}

// Both are averaged by the sum of block times.
TEST(AidacBudget, OffsetAndJitterFallWithTheRootOfBlocks) {
    for (const int blocks : {1, 2, 4}) {
        LayerSettings s = only();
        s.macro.aidac.blocks = blocks;
        s.macro.aidac.vtc_offset = 3e-3;
        const double grown = std::sqrt(8.0 / blocks);
        EXPECT_NEAR(measure(s).sigma, 0.1179 * grown, by_output * 0.1179 * grown);
        s.macro.aidac.vtc_offset = 0.0;
        s.macro.aidac.jitter = 1e-12;
        s.macro.aidac.full_scale_time = 0.64e-9;
        EXPECT_NEAR(measure(s).sigma, 0.0552 * grown, by_conversion * 0.0552 * grown);
    }
}

// Means of the terms that all chips share, closed forms of SPEC's reference budget.
TEST(AidacBudget, SystematicTermsShiftTheMean) {
    const auto mean = [](auto set) {
        LayerSettings s = only();
        set(s.macro);
        return measure(s).mean;
    };
    EXPECT_NEAR(mean([](MacroParams& m) { m.switches.settling_error = 1.5e-3; }), -0.0374, 4e-4);
    EXPECT_NEAR(mean([](MacroParams& m) { m.aidac.vtc_inl = 1.7e-3; }), 0.127, 1e-3);
    EXPECT_NEAR(mean([](MacroParams& m) {
                    m.switches.injection_offset = 0.5e-3;
                    m.switches.injection_gain = 1e-3;
                }),
                0.0307, 5e-4);
    EXPECT_NEAR(mean([](MacroParams& m) {
                    m.cell.leakage = 10e-12;
                    m.cell.hold_time = 15e-9;
                }),
                -0.0083, 1e-4);
}

// Rounding alone: 0.1128 %, 15.73 dB under a signal of 0.689 %.
TEST(AidacBudget, RoundingOfTheTdcAgainstTheSignal) {
    const Budget b = measure(only(8));
    EXPECT_NEAR(b.sigma, 0.1128, 0.0011);
    EXPECT_NEAR(b.signal, 0.6894, 0.02);
    EXPECT_NEAR(b.ratio_db(b.sigma), 15.73, 0.2);
}

TEST(AidacBudget, AllTermsStayBelowThePublishedBound) {
    const Budget b = measure(ref::default_aidac());
    EXPECT_NEAR(b.sigma, 0.206, 0.008);
    EXPECT_NEAR(b.bound(), 0.73, 0.03);
    EXPECT_LT(b.bound(), 0.79);
    EXPECT_NEAR(b.ratio_db(b.sigma), 10.5, 0.3);
    // Ten times the mismatch drowns in 1024 rows: it adds 0.0352 to the squares.
    LayerSettings s = ref::default_aidac();
    s.macro.cell.mismatch *= 10;
    const Budget rough = measure(s);
    EXPECT_NEAR(rough.sigma, std::hypot(b.sigma, 0.0352), by_output * b.sigma);
    EXPECT_NEAR(rough.bound(), b.bound(), 0.02);
}

TEST(AidacBudget, AllTermsOverTheFullSwing) {
    const Budget b = measure(ref::default_aidac(), Operands::full_swing);
    EXPECT_NEAR(b.sigma, 0.238, 0.008);
    EXPECT_NEAR(b.bound(), 0.75, 0.03);
}

// Root sum of squares of the single terms, in the order offset, gain, jitter, rounding [% FS].
double root_sum(double offset, double gain, double jitter, double rounding) {
    return std::sqrt(offset * offset + gain * gain + jitter * jitter + rounding * rounding);
}

TEST(AidacBudget, AllTermsOfOtherMacros) {
    LayerSettings s = ref::default_aidac();
    set_parasitics(s, 0.3);
    const Budget parasitic = measure(s);
    double expected = root_sum(0.1179 * 1.3 * 1.3 * 1.3, 0.0442, 0.0552, 0.1128);
    EXPECT_NEAR(parasitic.sigma, expected, by_output * expected);
    EXPECT_NEAR(parasitic.bound(), 0.97, 0.03);
    for (const int blocks : {1, 4}) {
        s = ref::default_aidac();
        s.macro.aidac.blocks = blocks;
        const double grown = std::sqrt(8.0 / blocks);
        expected = root_sum(0.1569 * grown, 0.0442 * grown, 0.0552 * grown, 0.1128);
        EXPECT_NEAR(measure(s).sigma, expected, by_output * expected);  // 0.500 and 0.268
    }
    s = ref::default_aidac();
    s.macro.adc.bits = 10;
    expected = root_sum(0.1569, 0.0442, 0.0552, 0.0282);
    EXPECT_NEAR(measure(s).sigma, expected, by_output * expected);
    s = ref::default_aidac();
    s.macro.aidac.vtc_offset = s.macro.aidac.vtc_gain = 0.0;
    expected = root_sum(0.0, 0.0, 0.0552, 0.1128);
    EXPECT_NEAR(measure(s).sigma, expected, by_output * expected);
}

// 200 references carry half of the offset's variance: their share is known to 5 %.
TEST(AidacBudget, ARawReferenceBreaksTheBound) {
    LayerSettings s = ref::default_aidac();
    s.macro.aidac.reference = AidacReference::raw;
    const Budget raw = measure(s);
    EXPECT_NEAR(raw.sigma, 0.265, 0.02);
    EXPECT_GT(raw.bound(), 0.79);
}

std::vector<double> errors(const ref::AidacCase& c) {
    const ref::AidacResult out = ref::run_aidac(c);
    std::vector<double> e;
    for (std::size_t i = 0; i < out.analog.size(); ++i)
        e.push_back(product_value(out.plan, out.analog[i], out.digital[i], 0) -
                    static_cast<double>(out.exact[i]));
    return e;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sa += a[i];
        sb += b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    return (ab - sa * sb / n) / std::sqrt((aa - sa * sa / n) * (bb - sb * sb / n));
}

// One image on 2048 outputs: two chips share nothing, two trials of a chip share the static part,
// 0.163^2 of 0.173^2 with a fine TDC. 5 standard errors each.
TEST(AidacBudget, ChipsAreIndependentAndTrialsShareTheirChip) {
    ref::AidacCase c;
    c.settings = ref::default_aidac();
    c.settings.macro.adc.bits = 14;
    c.shape = {2048, 1024, 1, false};
    c.site.outputs = 2048;
    std::mt19937 draw(7);
    c.fill(draw);
    const auto first = errors(c);
    c.site.chip = chip_key(42, 2);
    c.place.key = trial_key(42, 2, 0);
    const auto other_chip = errors(c);
    c.place.key = trial_key(42, 2, 1);
    const auto other_trial = errors(c);
    EXPECT_LT(std::abs(correlation(first, other_chip)), 5 / std::sqrt(2048.0));
    EXPECT_NEAR(correlation(other_chip, other_trial), 0.163 * 0.163 / (0.173 * 0.173),
                5 * (1 - 0.79) / std::sqrt(2048.0));
}

}  // namespace
}  // namespace acim
