// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "cuda/model/macro/transfer.hpp"

namespace acim {
namespace {

// Voltages are below 2: a tolerance of 1e-15 allows a few roundings of binary64, nothing else.
constexpr double femto = 1e-15;

// 28 nm model of Kavishwar and Shanbhag (arXiv 2507.09776): 256 rows, 1 fF, 0.9 V,
// C_par = 0.3 N C + 2.04 fF.
MacroParams kavishwar() {
    MacroParams m;
    m.rows = 256;
    m.v_ref = 0.9;
    m.cell.unit_capacitance = 1.0 * femto;
    m.cell.mismatch = 0.00664 * std::sqrt(femto);
    m.cell.parasitic_ratio = 0.3;
    m.cell.parasitic = 2.04 * femto;
    m.cell.calibrated = false;
    return m;
}

double voltage(const ColumnTerms& t, double count, std::int64_t span, double previous = 0.0) {
    return column_voltage(t, count_voltage(t, 0.0, t.parasitic, span), t.injection_offset, count,
                          previous);
}

TEST(Transfer, LevelOfThe28nmModel) {
    const MacroParams m = kavishwar();
    const ColumnTerms t = column_terms(m);
    EXPECT_NEAR(voltage(t, 1.0, 256) * m.v_ref, 2.688e-3, 0.0005e-3);  // as published, 4 digits
    EXPECT_NEAR(unit_mismatch(m.cell), 0.00664, 1e-15);
}

// Every term off: the share of charge and nothing else.
TEST(Transfer, WithoutTermsItIsTheRatio) {
    MacroParams m;
    const ColumnTerms t = column_terms(m);
    EXPECT_FALSE(t.any_fixed());
    EXPECT_FALSE(t.any_static());
    for (int s = 0; s <= 255; ++s) EXPECT_DOUBLE_EQ(voltage(t, s, 255), s / 255.0);
}

TEST(Transfer, CalibrationTakesTheParasiticGainOut) {
    MacroParams m = kavishwar();
    m.cell.calibrated = true;
    const ColumnTerms calibrated = column_terms(m);
    m.cell.calibrated = false;
    const ColumnTerms raw = column_terms(m);
    const double r = 0.3 + 2.04 / 256;
    for (int s = 0; s <= 256; s += 16) {
        EXPECT_NEAR(voltage(calibrated, s, 256), s / 256.0, 1e-15);
        EXPECT_NEAR(voltage(raw, s, 256), s / 256.0 / (1.0 + r), 1e-15);
    }
    EXPECT_TRUE(raw.any_fixed());
}

// Pelgrom: the spread halves with four times the capacitance. kT/C: the same.
TEST(Transfer, SpreadAndNoiseHalveWithFourTimesTheCapacitance) {
    MacroParams small = kavishwar(), large = kavishwar();
    small.cell.parasitic = large.cell.parasitic = 0.0;
    small.cell.temperature = large.cell.temperature = 300.0;
    large.cell.unit_capacitance *= 4.0;
    EXPECT_NEAR(unit_mismatch(large.cell) / unit_mismatch(small.cell), 0.5, 1e-14);
    EXPECT_NEAR(thermal_sigma(large) / thermal_sigma(small), 0.5, 1e-14);
    // sqrt(1.380649e-23 * 300 / (256 * 1 fF * 1.3)) / 0.9 V by hand.
    EXPECT_NEAR(thermal_sigma(small), std::sqrt(1.380649e-23 * 300 / (256e-15 * 1.3)) / 0.9, 1e-15);
    small.cell.calibrated = true;
    EXPECT_NEAR(thermal_sigma(small) / 1.3, std::sqrt(1.380649e-23 * 300 / (256e-15 * 1.3)) / 0.9,
                1e-15);
}

TEST(Transfer, EachTermAsItsRowSays) {
    MacroParams m;
    m.rows = 100;
    m.v_ref = 0.8;
    m.cell.unit_capacitance = 2.0 * femto;
    const auto at = [&](double v, double previous = 0.0) {
        return voltage(column_terms(m), v * 100.0, 100, previous);
    };
    m.switches.injection_offset = 4e-3;
    EXPECT_NEAR(at(0.5), 0.5 + 4e-3 / 0.8, 1e-15);
    m.switches.injection_gain = 0.01;
    m.switches.injection_curvature = 0.02;
    EXPECT_NEAR(at(0.5), 0.5 + 4e-3 / 0.8 - 0.005 + 0.02 * 0.25, 1e-15);
    m.switches = {};
    m.switches.settling_error = 0.1;
    EXPECT_NEAR(at(0.5, 0.9), 0.45, 1e-15);  // a reset column comes from 0
    m.switches.reset = false;
    EXPECT_NEAR(at(0.5, 0.9), 0.54, 1e-15);
    EXPECT_TRUE(column_terms(m).any_static());
    m.switches = {};
    m.cell.leakage = 1e-12;
    m.cell.hold_time = 10e-9;
    EXPECT_NEAR(at(0.5), 0.5 - 1e-12 * 10e-9 / (2e-15 * 0.8), 1e-15);
    m.cell.parasitic_ratio = 0.25;  // calibrated: the droop of the whole column, gained up again
    EXPECT_NEAR(at(0.5), 0.5 - 1e-12 * 10e-9 / (2e-15 * 0.8), 1e-15);
    m.cell.calibrated = false;
    EXPECT_NEAR(at(0.5), (0.5 - 1e-12 * 10e-9 / (2e-15 * 0.8)) / 1.25, 1e-15);
}

// One cell of q steps more: v = (1+r) (s + w d)/(N + d + rN).
TEST(Transfer, MismatchIsAShareOfCharge) {
    MacroParams m = kavishwar();
    m.cell.calibrated = true;
    const ColumnTerms t = column_terms(m);
    const double d = 16 * t.mismatch;  // q = 16: one sigma
    EXPECT_NEAR(d, 0.00664, 1e-15);
    const double rho = 0.3 * 256 + 2.04, gain = 1.0 + rho / 256;
    const double per_count = count_voltage(t, 16.0, t.parasitic, 256);
    const double v = column_voltage(t, per_count, 0.0, real_count(t, 64, 16, 0), 0.0);
    EXPECT_NEAR(v, gain * (64 + d) / (256 + d + rho), 1e-15);
}

TEST(Transfer, CurrentDomainCompresses) {
    MacroParams m;
    m.current_domain.alpha = 0.002;
    const ColumnTerms t = column_terms(m);
    for (int s = 0; s <= 255; ++s)
        EXPECT_NEAR(voltage(t, s, 255), s / (1.0 + 0.002 * s) / 255.0, 1e-15);
}

TEST(Transfer, InputDacErrorIsAParabolaOrATable) {
    EXPECT_EQ(dac_error(0.0, 0.5, 16, 0, 15), 0);
    EXPECT_EQ(dac_error(0.0, 0.5, 16, 15, 15), 0);
    // Peak inl*z at mid scale; 7.5 of 15 is not a value, 7 gives 4*(7/15)*(8/15).
    EXPECT_EQ(dac_error(0.0, 0.5, 32, 7, 15),
              static_cast<int>(std::nearbyint(4096 * 1.0 * 4 * 7 * 8 / 225.0)));
    EXPECT_EQ(dac_error(0.25, 0.0, 99, 3, 15), 1024);
    EXPECT_DOUBLE_EQ(real_count(ColumnTerms{}, 10, 0, 1024), 10.25);
}

TEST(Transfer, MismatchStepsAreSixteenthsOfSigma) {
    EXPECT_EQ(mismatch_step(1 << 24), 16);
    EXPECT_EQ(mismatch_step(-(1 << 24)), -16);
    EXPECT_EQ(mismatch_step((1 << 20) / 2), 0);  // half to even
    EXPECT_EQ(mismatch_step((1 << 20) / 2 + 1), 1);
    EXPECT_EQ(mismatch_step(9 << 24), 127);  // held
    EXPECT_EQ(mismatch_step(-(9 << 24)), -127);
}

}  // namespace
}  // namespace acim
