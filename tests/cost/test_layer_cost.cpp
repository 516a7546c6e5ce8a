// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_cost.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/cost/cost_fixture.hpp"

namespace acim {
namespace {

constexpr double squared = 4.0;  // supply of round_technology()
constexpr double conversion = 865.536e-15 * squared;

// One output over 255 rows, 8 x 8 bits: every term by hand.
TEST(LayerCost, EveryTermByHand) {
    Technology technology = round_technology();
    technology.column_energy = 3e-15;
    technology.column_energy_per_row = 1e-16;
    technology.read_energy = 7e-15;
    technology.write_energy = 11e-15;
    technology.control_energy = 13e-12;
    const LayerCost cost = cost_of(linear(255, 1), macro_with(255, 8), technology);
    expect_close(cost.energy.adc, 64 * conversion);
    expect_close(cost.energy.cells, 255 * 64 * 0.25 * 2e-15 * squared + 64 * (3e-15 + 255 * 1e-16));
    expect_close(cost.energy.drivers, 255 * 8 * 0.5 * 256 * 1e-15 * squared);
    expect_close(cost.energy.digital, 64 * 1e-13);
    expect_close(cost.energy.memory, 8 * (255 * 7e-15 + 11e-15));
    expect_close(cost.energy.control, 8 * 13e-12);
    EXPECT_EQ(cost.operations, 510.0);
    EXPECT_EQ(cost.bit_operations, 510.0 * 64);
    // Eight cycles of 2 ns and a conversion of 8 ns; one array of 255 x 256 cells and 256 ADCs.
    expect_close(cost.latency, 8 * (2e-9 + 8e-9));
    EXPECT_EQ(cost.arrays, 1.0);
    expect_close(cost.array_area, 255 * 256 * 1e-12 + 256 * 100e-12);
}

// The macro's own capacitor counts where it is given, and a measured energy before both.
TEST(LayerCost, CellsCostTheirCapacitor) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.cell.unit_capacitance = 1e-15;
    const double active = 255 * 64 * 0.25;
    expect_close(cost_of(linear(255, 1), settings).energy.cells, active * 1e-15 * squared);
    Technology measured = round_technology();
    measured.cell_energy = 5e-15;
    expect_close(cost_of(linear(255, 1), settings, measured).energy.cells, active * 5e-15);
    measured.supply = 1.0;  // energies hold at 2 V
    expect_close(cost_of(linear(255, 1), settings, measured).energy.cells, active * 5e-15 / 4);
}

// Votes are whole conversions; differential weights take 14 columns of 8 cycles.
TEST(LayerCost, VotesAndColumnsArePaid) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.voting = {3, 3, VoteCombination::mode};
    Technology technology = round_technology();
    technology.vote_energy = 1e-12;
    const LayerCost voted = cost_of(linear(255, 1), settings, technology);
    expect_close(voted.energy.adc, (64 + 2 * 6) * conversion);
    // Votes are combined before their one shift and add.
    expect_close(voted.energy.digital, 64 * 1e-13 + 12 * 1e-12);
    settings.macro.voting = {};
    settings.macro.weight_encoding = WeightEncoding::differential;
    expect_close(cost_of(linear(255, 1), settings).energy.adc, 14 * 8 * conversion);
}

TEST(LayerCost, InputDacsCountInBitParallel) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.bits_per_cycle = 4;
    Technology technology = round_technology();
    technology.dac_energy = 1e-12;
    const LayerCost cost = cost_of(linear(255, 1), settings, technology);
    const double lines = 255 * 2 * 0.5 * 256 * 1e-15 * squared;
    expect_close(cost.energy.drivers, lines + 255 * 8 * 50e-15 * squared + 255 * 2 * 1e-12);
    expect_close(cost.energy.cells, 255 * 16 * 0.25 * 2e-15 * squared);
}

TEST(LayerCost, DigitalLayerCostsBitProducts) {
    LayerSettings settings = macro_with(255, 8);
    settings.analog = false;
    Technology technology = round_technology();
    technology.bit_macs_per_second = 1e12;
    const LayerCost cost = cost_of(linear(100, 10), settings, technology);
    EXPECT_EQ(cost.energy.adc + cost.energy.cells + cost.energy.drivers, 0.0);
    expect_close(cost.energy.digital, 64000 * 5e-15);
    expect_close(cost.latency, 64000 / 1e12);
    // Its weights are read, once.
    technology.read_energy = 1e-15;
    expect_close(cost_of(linear(100, 10), settings, technology).energy.memory,
                 8 * (100 + 100 * 10) * 1e-15);
    EXPECT_EQ(cost.arrays, 0.0);
}

// Rows that a partly filled group leaves empty are paid for: in conversions, in columns, in area.
TEST(LayerCost, EmptyRowsArePaid) {
    Technology technology = round_technology();
    technology.column_energy_per_row = 1e-16;
    const LayerCost few = cost_of(linear(10, 32), macro_with(255, 8), technology);
    const LayerCost full = cost_of(linear(255, 32), macro_with(255, 8), technology);
    EXPECT_EQ(few.energy.adc, full.energy.adc);
    EXPECT_EQ(few.array_area, full.array_area);
    EXPECT_EQ(few.latency, full.latency);
    const double columns = 32 * 64 * 255 * 1e-16;
    expect_close(few.energy.cells, columns + 32 * 640 * 0.25 * 2e-15 * squared);
}

// The trades that a sweep is made for.
TEST(LayerCost, TradesPointTheRightWay) {
    const Product product = linear(1024, 64);
    const auto efficiency = [&product](const LayerSettings& settings) {
        const LayerCost cost = cost_of(product, settings);
        return cost.operations / cost.energy.total();
    };
    double before = efficiency(macro_with(256, 1));
    for (int bits = 2; bits <= 14; ++bits) {
        const double now = efficiency(macro_with(256, bits));
        EXPECT_LT(now, before) << bits << " ADC bits";
        before = now;
    }
    EXPECT_GT(efficiency(macro_with(1024, 8)), efficiency(macro_with(256, 8)));
    LayerSettings hybrid = macro_with(1024, 8);
    hybrid.macro.hybrid.levels = 3;
    EXPECT_NE(efficiency(hybrid), efficiency(macro_with(1024, 8)));
    LayerSettings voted = macro_with(1024, 8);
    voted.macro.voting = {5, 3, VoteCombination::mode};
    EXPECT_LT(efficiency(voted), efficiency(macro_with(1024, 8)));
}

// 100 columns on 4 ADCs: 25 conversions in turn, or meanwhile the next sums are prepared.
TEST(LayerCost, ColumnsThatShareAnAdcTakeTurns) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.array.columns = 100;
    settings.macro.array.columns_per_adc = 25;
    Technology technology = round_technology();
    expect_close(cost_of(linear(255, 1), settings, technology).latency, 8 * (2e-9 + 25 * 8e-9));
    technology.overlap = true;
    expect_close(cost_of(linear(255, 1), settings, technology).latency, 8 * 25 * 8e-9);
    expect_close(cost_of(linear(255, 1), settings, technology).array_area,
                 255 * 100 * 1e-12 + 4 * 100e-12);
}

// The eight columns of an output are joined and converted once.
TEST(LayerCost, WeightParallelColumnsAreConvertedTogether) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.weight_parallel = true;
    settings.macro.array.columns_per_adc = 8;
    LayerCost cost = cost_of(linear(255, 32), settings);
    expect_close(cost.latency, 8 * (2e-9 + 8e-9));
    expect_close(cost.array_area, 255 * 256 * 1e-12 + 32 * 100e-12);
    settings.macro.array.columns_per_adc = 1;
    EXPECT_EQ(cost_of(linear(255, 32), settings).array_area, cost.array_area);
    settings.macro.array.columns_per_adc = 16;
    cost = cost_of(linear(255, 32), settings);
    expect_close(cost.latency, 8 * (2e-9 + 2 * 8e-9));
}

// Arrays that take turns are evaluated no more often than arrays of their own.
TEST(LayerCost, SharingCostsTimeAndNoControl) {
    Technology technology = round_technology();
    technology.control_energy = 1e-12;
    LayerSettings settings = macro_with(64, 8);
    const LayerCost own = cost_of(linear(640, 160), settings, technology);
    expect_close(own.energy.control, 8 * 10 * 5 * 1e-12);
    settings.macro.array.count = 4;
    const LayerCost shared = cost_of(linear(640, 160), settings, technology);
    EXPECT_EQ(shared.energy.control, own.energy.control);
    expect_close(shared.latency, 13 * own.latency);  // 50 tiles on 4 arrays
}

TEST(Cost, LayersAddAndArraysAreCountedOnce) {
    const std::array layers = {cost_of(linear(255, 64), macro_with(255, 8)),
                               cost_of(linear(500, 20), macro_with(64, 6))};
    const Cost own = total_cost(layers);
    expect_close(own.energy.total(), layers[0].energy.total() + layers[1].energy.total());
    EXPECT_EQ(own.operations, 2.0 * (255 * 64 + 500 * 20));
    EXPECT_EQ(own.latency, layers[0].latency + layers[1].latency);
    EXPECT_EQ(layers[0].arrays, 2.0);
    EXPECT_EQ(layers[1].arrays, 8.0);
    expect_close(own.area, 2 * layers[0].array_area + 8 * layers[1].array_area);
    std::array shared = layers;
    shared[0].shared_arrays = shared[1].shared_arrays = 3;
    expect_close(total_cost(shared).area, 3 * std::max(layers[0].array_area, layers[1].array_area));
    shared[0].shared_arrays = 0;  // one layer has arrays of its own
    expect_close(total_cost(shared).area, 2 * layers[0].array_area + 3 * layers[1].array_area);
    expect_close(own.tops_per_watt(), own.operations / own.energy.total() * 1e-12);
    expect_close(own.tops(), own.operations / own.latency * 1e-12);
    expect_close(own.tops_per_mm2(), own.tops() / (own.area * 1e6));
}

TEST(Cost, WhatIsUnknownIsNotANumber) {
    const Cost nothing;
    EXPECT_TRUE(std::isnan(nothing.tops_per_watt()));
    EXPECT_TRUE(std::isnan(nothing.tops()));
    EXPECT_TRUE(std::isnan(nothing.tops_per_mm2()));
    Technology no_area = round_technology();
    no_area.cell_area = 0.0;
    const LayerCost layer = cost_of(linear(255, 1), macro_with(255, 8), no_area);
    EXPECT_TRUE(std::isnan(total_cost({&layer, 1}).area));
    LayerCost shared = layer;
    shared.shared_arrays = 4;
    EXPECT_TRUE(std::isnan(total_cost({&shared, 1}).area));
}

}  // namespace
}  // namespace acim
