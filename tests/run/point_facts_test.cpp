// SPDX-License-Identifier: Apache-2.0
#include "host/run/point_facts.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using testing_reference::small_network;
using testing_reference::uniform_point;

// Bits as the small network has them: 8, 6 and 8 bits of weights; activations of 8 bits unsigned,
// 7 and 8 bits signed.
DesignPoint point_of(const LayerSettings& settings) {
    DesignPoint point = uniform_point(settings);
    point.layers[1].weight_bits = 6;
    point.layers[1].activation_bits = 7;
    return point;
}

LayerSettings lossless_settings() {
    LayerSettings s;
    s.macro.rows = 15;
    s.macro.adc.bits = 4;
    return s;
}

// Constants that make every block cost something, and some activity in every layer.
CostBasis basis_of(const DesignPoint& point) {
    CostBasis basis;
    Technology& t = basis.technology;
    t.supply = 1.0;
    t.adc.linear_capacitance = 1e-13;
    t.cell_capacitance = 2e-15;
    t.row_capacitance = 1e-16;
    t.shift_add_energy = t.bit_mac_energy = t.read_energy = t.control_energy = 1e-13;
    t.settle_time = 1e-9;
    t.cell_area = 1e-12;
    const QuantizedNetwork network = small_network();
    const auto macs = network.mac_layers();
    basis.activities.resize(macs.size());
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const LayerSettings& layer = point.layers[i];
        if (!layer.analog) continue;
        ActivityCounts counts;
        const auto bits = static_cast<std::size_t>(layer.activation_bits);
        counts.images = 2;
        counts.both_ones.assign(static_cast<std::size_t>(layer.weight_bits) * bits, 10);
        counts.input_ones.assign(bits, 6);
        basis.activities[i] = counts;
    }
    return basis;
}

PointFacts facts_of(const DesignPoint& point) {
    return point_facts(small_network(), point, basis_of(point), "s.yaml");
}

TEST(PointFacts, ConversionsByHand) {
    const PointFacts facts = facts_of(point_of(lossless_settings()));
    ASSERT_EQ(facts.layers.size(), 3u);
    // outputs * pixels * weight planes * cycles * row groups.
    EXPECT_EQ(facts.layers[0].conversions, 4u * 36 * 8 * 8 * 1);  // 9 of 15 rows
    EXPECT_EQ(facts.layers[1].conversions, 4u * 9 * 6 * 7 * 2);   // windows of 9: one a group
    EXPECT_EQ(facts.layers[2].conversions, 5u * 1 * 8 * 8 * 1);   // 4 of 15 rows
    EXPECT_EQ(facts.conversions, facts.layers[0].conversions + facts.layers[1].conversions +
                                     facts.layers[2].conversions);
    EXPECT_EQ(facts.layers[1].row_groups, 2u);
    EXPECT_EQ(facts.layers[0].name, "conv1");
    EXPECT_EQ(facts.layers[0].path, "product");
    EXPECT_DOUBLE_EQ(facts.layers[0].row_utilisation, 9.0 / 15);
    EXPECT_TRUE(facts.deterministic);
    // Two operations a multiply-accumulate: outputs * pixels * depth.
    EXPECT_DOUBLE_EQ(facts.cost.operations, 2.0 * (4 * 36 * 9 + 4 * 9 * 18 + 5 * 4));
}

TEST(PointFacts, HybridConversionsAreNotConverted) {
    LayerSettings s = lossless_settings();
    s.macro.hybrid.levels = 2;  // the top level has one (plane, cycle), the next two
    const PointFacts facts = facts_of(point_of(s));
    EXPECT_EQ(facts.layers[0].conversions, 4u * 36 * (8 * 8 - 3));
}

TEST(PointFacts, OnlyNoiseIsRandom) {
    LayerSettings s = lossless_settings();
    s.macro.adc.bits = 3;
    PointFacts facts = facts_of(point_of(s));
    EXPECT_EQ(facts.layers[0].path, "lut");
    EXPECT_TRUE(facts.deterministic);
    s.macro.noise.random.sigma = 0.5;
    facts = facts_of(point_of(s));
    EXPECT_EQ(facts.layers[0].path, "table");
    EXPECT_FALSE(facts.deterministic);
    s.path = PathRequest::fixed;
    EXPECT_EQ(facts_of(point_of(s)).layers[0].path, "fixed");
}

// One noisy layer among digital ones makes the point random.
TEST(PointFacts, DigitalLayers) {
    LayerSettings s = lossless_settings();
    s.macro.noise.random.sigma = 0.5;
    DesignPoint point = point_of(s);
    point.layers[0].analog = point.layers[1].analog = false;
    PointFacts facts = facts_of(point);
    EXPECT_EQ(facts.layers[0].path, "digital");
    EXPECT_EQ(facts.layers[0].conversions, 0u);
    EXPECT_GT(facts.layers[0].energy.digital, 0.0);
    EXPECT_FALSE(facts.deterministic);
    point.layers[2].analog = false;
    facts = facts_of(point);
    EXPECT_TRUE(facts.deterministic);
    EXPECT_EQ(facts.cost.energy.adc, 0.0);
    EXPECT_EQ(facts.cost.area, 0.0);
    EXPECT_EQ(facts.conversions, 0u);
}

TEST(PointFacts, EnergyOfLayersIsThatOfThePoint) {
    const PointFacts facts = facts_of(point_of(lossless_settings()));
    Energy sum;
    double latency = 0.0;
    for (const LayerFacts& layer : facts.layers) {
        sum.add(layer.energy);
        latency += layer.latency;
    }
    EXPECT_EQ(block_energies(sum), block_energies(facts.cost.energy));
    for (const double block :
         {sum.cells, sum.drivers, sum.adc, sum.digital, sum.memory, sum.control})
        EXPECT_GT(block, 0.0);
    EXPECT_EQ(latency, facts.cost.latency);
    EXPECT_GT(facts.cost.area, 0.0);
    // 10 ones in each of 64 places, two images, over 4*36*9*64 cells.
    EXPECT_NEAR(facts.layers[0].activity, 64 * 5.0 / (4 * 36 * 9 * 64), 1e-15);
    LayerSettings more = lossless_settings();
    more.macro.adc.bits = 8;
    EXPECT_GT(facts_of(point_of(more)).cost.energy.adc, facts.cost.energy.adc);
}

TEST(PointFacts, TooFewRowsNameTheLayer) {
    DesignPoint point = point_of(lossless_settings());
    point.layers[1].macro.rows = 8;
    try {
        facts_of(point);
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("s.yaml: layer 'conv2'"));
        EXPECT_THAT(error.what(), HasSubstr("macro.rows is 8"));
    }
}

TEST(PointFacts, JsonGivesBackEveryBit) {
    PointFacts facts = facts_of(point_of(lossless_settings()));
    facts.float_accuracy = 0.1 + 0.2;
    facts.quantised_accuracy = 1.0 / 3;
    facts.cost.area = std::numeric_limits<double>::quiet_NaN();
    const std::string text = to_json(facts).dump();
    const PointFacts back = point_facts_from_json(nlohmann::json::parse(text));
    EXPECT_EQ(to_json(back).dump(), text);
    EXPECT_EQ(back.float_accuracy, facts.float_accuracy);
    EXPECT_EQ(back.cost.energy.adc, facts.cost.energy.adc);
    EXPECT_EQ(back.cost.latency, facts.cost.latency);
    EXPECT_TRUE(std::isnan(back.cost.area));
    ASSERT_EQ(back.layers.size(), 3u);
    EXPECT_EQ(block_energies(back.layers[1].energy), block_energies(facts.layers[1].energy));
    EXPECT_EQ(back.layers[1].row_utilisation, facts.layers[1].row_utilisation);
}

}  // namespace
}  // namespace acim
