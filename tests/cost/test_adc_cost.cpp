// SPDX-License-Identifier: Apache-2.0
#include "host/cost/adc_cost.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/cost/cost_fixture.hpp"

namespace acim {
namespace {

Technology with_model(AdcModel model) {
    Technology t;
    t.supply = 0.9;
    t.reference_supply = 0.9;
    t.adc.model = model;
    return t;
}

// (100 fF * 8 + 0.001 fF * 65536) * (0.9 V)^2 = 0.70108 pJ; capacitors follow the supply.
TEST(AdcCost, Fit) {
    Technology t = with_model(AdcModel::fit);
    t.adc.linear_capacitance = 100e-15;
    t.adc.exponential_capacitance = 1e-18;
    expect_close(adc_cost(8, 255, t).energy, 865.536e-15 * 0.81);
    expect_close(adc_cost(14, 255, t).energy, (1400e-15 + 268435.456e-15) * 0.81);
    t.supply = 1.8;
    expect_close(adc_cost(8, 255, t).energy, 865.536e-15 * 3.24);
}

// An ideal 8-bit converter has 49.92 dB. At 180.14 dB that takes 0.5 * 10^-13.022 = 47.5 fJ. At 1 GHz
// the figure of merit is 302.74 - 6.4608 * ln(1e9) = 168.85 dB: 10^1.129 = 13.5 times as much.
TEST(AdcCost, Survey) {
    Technology t = with_model(AdcModel::survey);
    t.adc.schreier = 180.14;
    t.adc.rolloff = 302.74;
    t.adc.rolloff_slope = 6.4608;
    const double slow = 0.5 * std::pow(10.0, (49.92 - 180.14) / 10);
    t.adc.time = 1e-6;
    // Own exponential and logarithm against libm's.
    EXPECT_NEAR(adc_cost(8, 1, t).energy, slow, 1e-11 * slow);
    EXPECT_NEAR(adc_cost(10, 1, t).energy / slow, std::pow(10.0, 1.204), 1e-9);
    t.adc.time = 1e-9;
    const double merit = 302.74 - 6.4608 * std::log(1e9);
    const double fast = 0.5 * std::pow(10.0, (49.92 - merit) / 10);
    EXPECT_NEAR(adc_cost(8, 1, t).energy, fast, 1e-11 * fast);
    EXPECT_GT(fast, 13 * slow);
    t.adc.rolloff = 0.0;  // not given: the best of slow ones at any rate
    EXPECT_NEAR(adc_cost(8, 1, t).energy, slow, 1e-11 * slow);
}

TEST(AdcCost, CircuitsByHand) {
    Technology sar = with_model(AdcModel::sar);
    sar.adc.comparator_energy = 20e-15;
    sar.adc.logic_energy = 10e-15;
    sar.adc.unit_capacitance = 0.5e-15;
    expect_close(adc_cost(8, 1, sar).energy, 8 * 30e-15 + 256 * 0.5e-15 * 0.81);
    Technology flash = with_model(AdcModel::flash);
    flash.adc.comparator_energy = 20e-15;
    expect_close(adc_cost(5, 1, flash).energy, 31 * 20e-15);
    Technology tdc = with_model(AdcModel::tdc);
    tdc.adc.start_energy = 50e-15;
    tdc.adc.stage_energy = 2e-15;
    expect_close(adc_cost(6, 1, tdc).energy, 50e-15 + 64 * 2e-15);
    Technology measured = with_model(AdcModel::measured);
    measured.adc.energy = 1e-12;
    measured.adc.bits = 8;
    expect_close(adc_cost(8, 1, measured).energy, 1e-12);
    expect_close(adc_cost(6, 1, measured).energy, 0.25e-12);
    for (Technology* t : {&sar, &flash, &tdc, &measured}) {
        const double before = adc_cost(8, 1, *t).energy;
        t->supply = 1.8;
        expect_close(adc_cost(8, 1, *t).energy, 4 * before);
    }
}

// ZigZag-IMC: 8 bits on 256 rows take 8 * (0.00653 * 256 + 0.640) ns and 10^0.9108 * 256 um2.
TEST(AdcCost, TimeAndArea) {
    Technology t = with_model(AdcModel::fit);
    t.adc.time_per_bit = 0.640e-9;
    t.adc.time_per_bit_and_row = 0.00653e-9;
    t.adc.area = 16.07e-12;
    t.adc.area_growth = 1.837;
    expect_close(adc_cost(8, 256, t).time, 8 * (0.00653 * 256 + 0.640) * 1e-9);
    // The two constants are rounded to four digits.
    EXPECT_NEAR(adc_cost(8, 256, t).area, std::pow(10.0, 0.9108) * 256e-12, 0.002 * 2.08e-9);
}

}  // namespace
}  // namespace acim
