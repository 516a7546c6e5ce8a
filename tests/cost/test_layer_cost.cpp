// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_cost.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace acim {
namespace {

constexpr double relative = 1e-12;

void expect_close(double value, double reference) {
    EXPECT_NEAR(value, reference, relative * std::abs(reference));
}

Product linear(int depth, int outputs) {
    Product product;
    product.depth = depth;
    product.outputs = outputs;
    return product;
}

LayerSettings macro_with(int rows, int adc_bits) {
    LayerSettings settings;
    settings.macro.rows = rows;
    settings.macro.adc.bits = adc_bits;
    return settings;
}

Cost cost_of(const Product& product, const LayerSettings& settings,
             const Technology& technology = default_technology()) {
    return layer_cost(layer_work(product, 1, settings), settings, technology);
}

// (100 fF * 8 + 0.001 fF * 65536) * (0.9 V)^2 = 0.70108 pJ.
TEST(AdcEnergy, FollowsTheFit) {
    expect_close(adc_conversion_energy(8, default_technology()), 865.536e-15 * 0.81);
    Technology doubled = default_technology();
    doubled.vdd = 1.8;
    expect_close(adc_conversion_energy(8, doubled), 865.536e-15 * 3.24);
    // The exponential part takes over: 14 bits cost 2.68e5 fF of it against 1400 fF.
    expect_close(adc_conversion_energy(14, default_technology()),
                 (1400e-15 + 268435.456e-15) * 0.81);
}

// One output over 255 rows, 8 x 8 bits: every term by hand.
TEST(LayerCost, EveryTermByHand) {
    const Cost cost = cost_of(linear(255, 1), macro_with(255, 8));
    expect_close(cost.energy.adc, 64 * 865.536e-15 * 0.81);
    const double cells = 255 * 64 * 0.25 * 2e-15 * 0.81;
    const double lines = 255 * 8 * 0.5 * 8 * 0.25e-15 * 0.81;
    expect_close(cost.energy.array, cells + lines);
    expect_close(cost.energy.digital, 64 * 0.1e-12);
    EXPECT_EQ(cost.operations, 510.0);
    EXPECT_EQ(cost.bit_operations, 510.0 * 64);
    expect_close(cost.tops_per_watt(), 510.0 / cost.energy.total() * 1e-12);
    expect_close(cost.bit_tops_per_watt(), 64 * cost.tops_per_watt());
}

// The macro's own capacitor counts where it is given.
TEST(LayerCost, CellsCostTheirCapacitor) {
    LayerSettings settings = macro_with(255, 8);
    const double usual = cost_of(linear(255, 1), settings).energy.array;
    settings.macro.cell.unit_capacitance = 1e-15;
    const double half = cost_of(linear(255, 1), settings).energy.array;
    expect_close(usual - half, 255 * 64 * 0.25 * 1e-15 * 0.81);
}

// Votes are whole conversions; differential weights take 14 columns of 8 cycles.
TEST(LayerCost, VotesAndColumnsArePaid) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.voting = {3, 3, VoteCombination::mode};
    expect_close(cost_of(linear(255, 1), settings).energy.adc, (64 + 2 * 6) * 865.536e-15 * 0.81);
    settings.macro.voting = {};
    settings.macro.weight_encoding = WeightEncoding::differential;
    expect_close(cost_of(linear(255, 1), settings).energy.adc, 14 * 8 * 865.536e-15 * 0.81);
}

TEST(LayerCost, InputDacsCountInBitParallel) {
    LayerSettings settings = macro_with(255, 8);
    settings.macro.bits_per_cycle = 4;
    const Cost cost = cost_of(linear(255, 1), settings);
    const double cells = 255 * 16 * 0.25 * 2e-15 * 0.81;
    const double lines = 255 * 2 * 0.5 * 8 * 0.25e-15 * 0.81;
    const double dacs = 255 * 8 * 50e-15 * 0.81;
    expect_close(cost.energy.array, cells + lines + dacs);
}

TEST(LayerCost, DigitalLayerCostsBitProducts) {
    LayerSettings settings = macro_with(255, 8);
    settings.analog = false;
    const Cost cost = cost_of(linear(100, 10), settings);
    EXPECT_EQ(cost.energy.adc, 0.0);
    EXPECT_EQ(cost.energy.array, 0.0);
    expect_close(cost.energy.digital, 1000 * 0.3e-12);
}

// Jia, JSSC 2020 (65 nm, 2304 rows, 1 x 1 bit): 11.49 pJ per column operation for ADC and array are
// 401 TOPS/W, and 23.96 pJ are 192 TOPS/W.
TEST(LayerCost, NormalisationReproducesAPublishedChip) {
    LayerSettings settings = macro_with(2304, 8);
    settings.weight_bits = settings.activation_bits = 1;
    Technology technology = default_technology();
    technology.shift_add_energy = 0.0;
    technology.row_capacitance_per_column = 0.0;
    technology.adc_linear_capacitance = technology.adc_exponential_capacitance = 0.0;
    technology.vdd = 1.0;
    technology.cell_activity = 1.0;
    technology.cell_capacitance = 11.49e-12 / 2304;
    EXPECT_NEAR(cost_of(linear(2304, 1), settings, technology).bit_tops_per_watt(), 401.0, 0.4);
    technology.cell_capacitance = 23.96e-12 / 2304;
    EXPECT_NEAR(cost_of(linear(2304, 1), settings, technology).bit_tops_per_watt(), 192.3, 0.2);
}

// The trades that a sweep is made for.
TEST(LayerCost, TradesPointTheRightWay) {
    const Product product = linear(1024, 64);
    const auto efficiency = [&product](const LayerSettings& settings) {
        return cost_of(product, settings).tops_per_watt();
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
    EXPECT_LT(efficiency(hybrid), efficiency(macro_with(1024, 8)));
    LayerSettings digital = macro_with(1024, 8);
    digital.analog = false;
    EXPECT_LT(efficiency(digital), efficiency(hybrid));
}

TEST(LayerCost, LayersAdd) {
    Cost total = cost_of(linear(255, 10), macro_with(255, 8));
    const Cost other = cost_of(linear(100, 20), macro_with(64, 6));
    const double energy = total.energy.total() + other.energy.total();
    total.add(other);
    expect_close(total.energy.total(), energy);
    EXPECT_EQ(total.operations, 2.0 * (2550 + 2000));
    EXPECT_TRUE(std::isnan(Cost{}.tops_per_watt()));
}

TEST(LayerCost, NetworkIsTheSumOfItsLayers) {
    QuantizedNetwork network;
    network.tensors = {{"x", {1, 255}}, {"y", {1, 10}}, {"z", {1, 5}}};
    Product first = linear(255, 10), second = linear(10, 5);
    first.output = second.input = 1;
    second.output = 2;
    network.operators = {{"fc1", first}, {"fc2", second}};
    const LayerSettings settings[] = {macro_with(255, 8), macro_with(64, 6)};
    Cost sum = cost_of(first, settings[0]);
    sum.add(cost_of(second, settings[1]));
    const Cost total = network_cost(network, settings, default_technology());
    EXPECT_EQ(total.energy.total(), sum.energy.total());
    EXPECT_EQ(total.bit_operations, sum.bit_operations);
}

}  // namespace
}  // namespace acim
