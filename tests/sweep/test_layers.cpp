// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/sweep/equal_points.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> lenet = {"conv1", "conv2", "fc1", "fc2", "fc3"};

class LayersTest : public SweepTest {
protected:
    // What is said of points that are equal in every layer of LeNet; "" where there are none.
    std::string equal_points(const std::string& added) const {
        return message([&] {
            const SweepSpec spec = sweep(added);
            check_equal_points(spec, expand(spec), lenet);
        });
    }
};

TEST_F(LayersTest, LaterRulesWinAndUntouchedSettingsStay) {
    const PointConfig point = sweep(
                                  "macro: {rows: 64, adc: {bits: 7}}\n"
                                  "layers:\n"
                                  "  - {match: 'conv1', analog: false}\n"
                                  "  - {match: 'fc*', macro: {adc: {bits: 9}}, weight_bits: 4}\n"
                                  "  - {match: 'fc3', macro.adc.bits: 10, activation_bits: 5}\n")
                                  .base;
    const auto layers = resolve_layers(point, lenet);
    ASSERT_EQ(layers.size(), 5U);
    EXPECT_FALSE(layers[0].analog);
    EXPECT_TRUE(layers[1].analog);
    EXPECT_EQ(layers[1].macro.adc.bits, 7);
    EXPECT_EQ(layers[2].macro.adc.bits, 9);
    EXPECT_EQ(layers[2].weight_bits, 4);
    EXPECT_EQ(layers[2].activation_bits, 8);
    EXPECT_EQ(layers[4].macro.adc.bits, 10);
    EXPECT_EQ(layers[4].weight_bits, 4);
    EXPECT_EQ(layers[4].activation_bits, 5);
    for (const LayerSettings& layer : layers) EXPECT_EQ(layer.macro.rows, 64);
}

TEST_F(LayersTest, AnAxisReachesOnlyLayersWithoutARule) {
    const auto all =
        points("layers: [{match: fc3, macro.adc.bits: 9}]\ngrid: {macro.adc.bits: [6, 7]}\n");
    EXPECT_EQ(resolve_layers(all[1], lenet)[0].macro.adc.bits, 7);
    EXPECT_EQ(resolve_layers(all[1], lenet)[4].macro.adc.bits, 9);
}

TEST_F(LayersTest, ARuleWithoutALayerListsTheLayers) {
    const PointConfig point = sweep("layers:\n  - {match: 'conv3', analog: false}\n").base;
    EXPECT_EQ(message([&] { resolve_layers(point, lenet); }),
              "s.yaml:6: 'layers' entry 'conv3' matches no layer. The network's layers are: conv1, "
              "conv2, "
              "fc1, fc2, fc3.");
}

TEST_F(LayersTest, AnAxisThatRulesOverrideEverywhereIsRefused) {
    EXPECT_EQ(equal_points("layers:\n  - {match: '*', macro.adc.bits: 9}\n"
                           "grid: {macro.rows: [64, 128], macro.adc.bits: [6, 7]}\n"),
              "s.yaml:7: axis 'macro.adc.bits' makes no difference: points 0 (macro.rows=64, "
              "macro.adc.bits=6) and 1 (macro.rows=64, macro.adc.bits=7) have the same settings in "
              "every layer, because the rule for '*' (s.yaml:6) decides instead. Remove the axis, "
              "or what the rule sets.");
    EXPECT_THAT(equal_points("layers:\n"
                             "  - {match: 'conv*', macro.rows: 32}\n"
                             "  - {match: 'fc*', analog: false}\n"
                             "grid:\n  macro.adc.bits: [6, 7]\n  macro.rows: [64, 128]\n"),
                HasSubstr("s.yaml:10: axis 'macro.rows' makes no difference: points 0 "
                          "(macro.adc.bits=6, macro.rows=64) and 1 (macro.adc.bits=6, "
                          "macro.rows=128) have the same settings in every layer, because the "
                          "rules for 'conv*' (s.yaml:6), 'fc*' (s.yaml:7) decide instead."));
    EXPECT_THAT(equal_points("layers: [{match: '*', analog: false}]\n"
                             "grid: {macro.rows: [64, 128], macro.adc.bits: [6, 7]}\n"),
                HasSubstr("axes 'macro.adc.bits', 'macro.rows' make no difference"));
}

TEST_F(LayersTest, AnAxisThatReachesSomethingIsNotRefused) {
    for (const char* layers : {"{match: fc*, macro.adc.bits: 9}",  // conv layers are left
                               "{match: '*', macro.rows: 9}",      // another key
                               "{match: '*', analog: true}"})
        EXPECT_EQ(
            equal_points(std::string("layers: [") + layers + "]\ngrid: {macro.adc.bits: [6, 7]}\n"),
            "")
            << layers;
    // Digital layers have bits and calibration, too, and a later rule makes a layer analog again.
    EXPECT_EQ(equal_points("layers: [{match: '*', analog: false}]\ngrid: {weight_bits: [4, 8]}\n"),
              "");
    EXPECT_EQ(equal_points("layers: [{match: '*', analog: false}]\n"
                           "grid: {quantisation.images: [64, 128]}\n"),
              "");
    EXPECT_EQ(equal_points("layers: [{match: '*', analog: false}, {match: fc3, analog: true}]\n"
                           "grid: {macro.adc.bits: [6, 7]}\n"),
              "");
    EXPECT_THAT(equal_points("layers: [{match: zz, analog: false}]\ngrid: {macro.rows: [1, 2]}\n"),
                HasSubstr("The network's layers are: conv1, conv2, fc1, fc2, fc3."));
}

TEST_F(LayersTest, Glob) {
    EXPECT_TRUE(glob_match("fc*", "fc"));
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_TRUE(glob_match("layer?.*.conv1", "layer1.0.conv1"));
    EXPECT_TRUE(glob_match("*a*b", "xaxxaxb"));
    EXPECT_FALSE(glob_match("fc?", "fc"));
    EXPECT_FALSE(glob_match("conv", "conv1"));
    EXPECT_FALSE(glob_match("layer?.conv1", "layer1.0.conv1"));
    EXPECT_FALSE(glob_match("", "a"));
    EXPECT_FALSE(glob_match(std::string(200, '*') + "b", std::string(5000, 'a')));
}

TEST_F(LayersTest, RuleMistakes) {
    EXPECT_THAT(sweep_error("layers: {match: a}\n"), HasSubstr("must be a list of maps"));
    EXPECT_THAT(sweep_error("layers: [a]\n"), HasSubstr("must be a map"));
    EXPECT_THAT(sweep_error("layers: [{analog: false}]\n"), HasSubstr("has no key 'match'"));
    EXPECT_THAT(sweep_error("layers: [{match: a}]\n"), HasSubstr("sets nothing"));
    EXPECT_THAT(sweep_error("layers: [{match: a,\n  analogue: false}]\n"),
                HasSubstr("s.yaml:6: key 'analogue' is unknown. Did you mean 'analog'?"));
    EXPECT_THAT(sweep_error("layers: [{match: a, analog: 1}]\n"),
                HasSubstr("key 'layers.analog' is '1', but must be true or false"));
    EXPECT_THAT(sweep_error("layers: [{match: a, macro: {rows: 5000}}]\n"),
                HasSubstr("key 'layers.macro.rows' is 5000"));
    EXPECT_THAT(sweep_error("layers: [{match: a, seed: 1}]\n"),
                HasSubstr("key 'seed' belongs into a sweep file"));
}

TEST_F(LayersTest, ACycleIsNoWiderThanTheActivation) {
    LayerSettings layer;
    layer.activation_bits = 4;
    layer.macro.bits_per_cycle = 4;
    EXPECT_EQ(message([&] { check_layer(layer, false, "fc1"); }), "");
    EXPECT_EQ(message([&] { check_layer(layer, true, "fc1"); }),
              "layer 'fc1': macro.bits_per_cycle is 4, but its signed activations of 4 bits take "
              "at most 3 "
              "(the sign bit is a cycle of its own). Lower macro.bits_per_cycle or raise "
              "activation_bits.");
    layer.macro.bits_per_cycle = 3;
    EXPECT_EQ(message([&] { check_layer(layer, true, "fc1"); }), "");
    layer.macro.bits_per_cycle = 5;
    EXPECT_THAT(message([&] { check_layer(layer, false, "fc1"); }), HasSubstr("at most 4"));
    layer.analog = false;
    EXPECT_EQ(message([&] { check_layer(layer, false, "fc1"); }), "");
    layer = {};
    layer.activation_bits = 1;
    EXPECT_THAT(message([&] { check_layer(layer, true, "fc1"); }), HasSubstr("need 2 or more"));
}

}  // namespace
}  // namespace acim
