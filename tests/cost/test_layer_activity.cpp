// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_activity.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/cost/cost_fixture.hpp"

namespace acim {
namespace {

constexpr int outputs = 7, depth = 50, pixels = 11;

struct Operands {
    std::vector<std::int8_t> weights;
    std::vector<std::int16_t> inputs;
};

Operands random_operands(bool is_signed) {
    std::mt19937 random(20261128);
    Operands out;
    for (int i = 0; i < outputs * depth; ++i)
        out.weights.push_back(static_cast<std::int8_t>(random() % 255 - 127));
    for (int i = 0; i < pixels * depth; ++i)
        out.inputs.push_back(static_cast<std::int16_t>(
            is_signed ? static_cast<int>(random() % 255) - 127 : static_cast<int>(random() % 256)));
    return out;
}

struct Layer {
    Product product = linear(depth, outputs);
    LayerPlan plan;
    LayerWork work;
    LayerActivity activity;
    Operands operands;
};

Layer layer_with(const LayerSettings& settings, bool is_signed = false) {
    Layer layer;
    layer.product.input_quantisation.is_signed = is_signed;
    layer.plan = describe_layer(settings, layer_shape(layer.product));
    layer.work = layer_work(layer.product, pixels, layer.plan);
    layer.operands = random_operands(is_signed);
    ActivityCounts counts(layer.plan);
    StoredOnes(layer.plan, outputs, layer.operands.weights)
        .count(layer.plan, pixels, layer.operands.inputs, counts);
    counts.images = 1;
    layer.activity = counted_activity(layer.work, layer.plan, is_signed, counts);
    return layer;
}

// Every conversion's sum of stored bit times driven value, as its share of the largest drive.
double active_cells_by_hand(const Layer& layer) {
    const LayerPlan& plan = layer.plan;
    double sum = 0.0;
    for (const ConversionPlan& c : plan.conversions) {
        if (!c.through_adc) continue;
        for (int i = 0; i < plan.columns.count; ++i) {
            if (!plan.macro.weight_parallel && i != c.plane) continue;
            for (int m = 0; m < outputs; ++m)
                for (int p = 0; p < pixels; ++p)
                    for (int k = 0; k < depth; ++k) {
                        const auto bits =
                            static_cast<std::uint16_t>(layer.operands.inputs[p * depth + k]);
                        const double value = cycle_value(plan.cycles, c.cycle, bits);
                        const double full = (1 << plan.cycles.width[c.cycle]) - 1;
                        sum += c.taken * value / full *
                               stored_bit(plan.macro.weight_encoding, plan.weight_bits,
                                          plan.columns, i, layer.operands.weights[m * depth + k]);
                    }
        }
    }
    return sum;
}

void expect_by_hand(const Layer& layer) {
    const double cells = active_cells_by_hand(layer);
    EXPECT_GT(cells, 0.0);
    // Some 10^5 terms added in another order.
    EXPECT_NEAR(layer.activity.cells, cells, 1e-9 * cells);
}

TEST(LayerActivity, CountedCellsAreThoseOfAllConversions) {
    expect_by_hand(layer_with(macro_with(16, 8)));
    expect_by_hand(layer_with(macro_with(16, 8), true));
    for (const WeightEncoding encoding :
         {WeightEncoding::offset_binary, WeightEncoding::differential}) {
        LayerSettings settings = macro_with(16, 8);
        settings.macro.weight_encoding = encoding;
        settings.macro.bits_per_cycle = 3;
        expect_by_hand(layer_with(settings));
    }
    LayerSettings parallel = macro_with(16, 8);
    parallel.macro.weight_parallel = true;
    expect_by_hand(layer_with(parallel));
    LayerSettings techniques = macro_with(16, 8);
    techniques.macro.hybrid.levels = 4;
    techniques.macro.voting = {7, 3, VoteCombination::mode};
    expect_by_hand(layer_with(techniques, true));
}

TEST(LayerActivity, InputsOfAidacAreOffsetBinary) {
    LayerSettings settings;
    settings.macro.kind = MacroKind::aidac;
    settings.macro.v_ref = 0.9;
    settings.macro.cell.unit_capacitance = 2e-15;
    settings.macro.aidac.full_scale_time = 1e-9;
    const Layer layer = layer_with(settings, true);
    double sum = 0.0;
    for (const std::int16_t x : layer.operands.inputs) sum += x + 128;
    EXPECT_EQ(layer.activity.input_sum, sum);
}

// Random bits of equal chance. 7 * 50 weights and 11 * 50 inputs of 8 bits have a relative standard
// deviation of 1.9 and 1.5 % in their ones; 5 % is twice that of the product, and the seed is fixed.
TEST(LayerActivity, AssumedActivityIsThatOfRandomBits) {
    const Layer layer = layer_with(macro_with(16, 8));
    const LayerActivity assumed = assumed_activity(layer.work, layer.plan, 0.5, 0.5);
    EXPECT_NEAR(layer.activity.cells / assumed.cells, 1.0, 0.05);
    EXPECT_NEAR(layer.activity.lines / assumed.lines, 1.0, 0.05);
    EXPECT_NEAR(layer.activity.input_sum / assumed.input_sum, 1.0, 0.05);
}

}  // namespace
}  // namespace acim
