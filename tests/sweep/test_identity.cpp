// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host/core/sha256.hpp"
#include "tests/sweep/sweep_fixture.hpp"

namespace acim {
namespace {

class IdentityTest : public SweepTest {
protected:
    std::string id(const std::string& added) const {
        return point_id(sweep(added).base, "net", "data");
    }
};

TEST_F(IdentityTest, EqualSpellingsGiveOneId) {
    const std::vector<std::pair<std::string, std::string>> equal = {
        {"macro.rows: 255\n", ""},
        {"macro.rows: 0xff\n", "macro: {rows: 255.0}\n"},
        {"weight_bits: 8.0\n", "weight_bits: +8\n"},
        {"macro.rows: 2.56e2\n", "macro.rows: 256\n"},
        {"macro.noise.random: {sigma: 0.5}\n", "macro.noise.random: {sigma: 5e-1, unit: lsb}\n"},
        {"macro.noise.random: {sigma: 1}\n", "macro.noise.random: {sigma: 1.0}\n"},
        {"macro.noise.random: {sigma: 0, unit: percent_fs}\n", ""},
        {"macro.noise.random: {sigma: -0.0}\n", ""},
        {"macro.noise.inject: null\n", ""},
        {"macro.noise.inject: [0, 1]\n", "macro.noise.inject: [-0.0, 1.0]\n"},
        {"macro.hybrid: {levels: 0, asim_rounding: true}\n", ""},
        {"macro.adc.range: [0, 1]\n", "macro.adc.range: full\n"},
        {"macro.adc.range: [0.25, 0.5]\n", "macro.adc.range: [0.250001, 0.499999]\n"},
        {"quantisation: {weights: max, activations: max, percentile: 99}\n",
         "quantisation: {weights: max, activations: max}\n"},
        {"path: auto\nlayers: []\n", ""},
        {"layers: [{match: a, macro: {adc: {bits: 9}, rows: 5}}]\n",
         "layers: [{macro.rows: 5, match: 'a', macro.adc.bits: 9.0}]\n"},
    };
    for (const auto& [a, b] : equal) EXPECT_EQ(id(a), id(b)) << a << " and " << b;
}

TEST_F(IdentityTest, EverySettingThatMattersChangesTheId) {
    const std::vector<std::string> all = {
        "", "macro.rows: 254\n", "macro.mapping: dense\n", "macro.bits_per_cycle: 2\n",
        "macro.adc.bits: 7\n", "macro.adc.range: counts\n", "macro.adc.range: [0, 0.5]\n",
        "macro.adc.range: [0.1, 1]\n", "macro.noise.random.sigma: 0.1\n",
        "macro.noise.random: {sigma: 0.1, unit: percent_fs}\n",
        "macro.noise.nonlinear.sigma: 0.1\n", "macro.noise.inject: [0, 0]\n",
        "macro.hybrid.levels: 1\n", "macro.hybrid: {levels: 1, asim_rounding: true}\n",
        "weight_bits: 7\n", "activation_bits: 7\n", "quantisation.weights: mse\n",
        "quantisation.activations: max\n", "quantisation.per_channel: true\n",
        "quantisation.images: 511\n", "quantisation.percentile: 99\n", "path: table\n",
        "path: fixed\n", "layers: [{match: a, analog: false}]\n",
        "layers: [{match: a, analog: true}]\n", "layers: [{match: b, analog: false}]\n",
        "layers: [{match: a, macro.noise.random.sigma: 0}]\n",
        // The unit is without effect at sigma 0, but not below a rule that gives a sigma.
        "layers: [{match: a, macro.noise.random.sigma: 1}]\n",
        "layers: [{match: a, macro.noise.random.sigma: 1}]\nmacro.noise.random.unit: percent_fs\n",
        "layers: [{match: a, macro.hybrid.levels: 1}]\n",
        "layers: [{match: a, macro.hybrid.levels: 1}]\nmacro.hybrid.asim_rounding: true\n",
        "layers: [{match: a, analog: false}, {match: b, weight_bits: 4}]\n",
        "layers: [{match: b, weight_bits: 4}, {match: a, analog: false}]\n"};
    std::map<std::string, std::string> seen;
    for (const std::string& text : all) {
        const auto [other, is_new] = seen.emplace(id(text), text);
        EXPECT_TRUE(is_new) << text << " and " << other->second;
    }
}

TEST_F(IdentityTest, WhatIsNotPartOfThePointDoesNotChangeTheId) {
    EXPECT_EQ(id("name: other\ntrials: {chips: 9, repeats: 2}\nworkload.images: 5\n"), id(""));
    const auto all = points("grid: {macro.adc.bits: [6, 7]}\n");
    EXPECT_EQ(point_id(all[1], "net", "data"), id("macro.adc.bits: 7\n"));
    const PointConfig base = sweep("").base;
    EXPECT_NE(point_id(base, "net2", "data"), id(""));
    EXPECT_NE(point_id(base, "net", "data2"), id(""));
}

// A change of this text makes every stored result unfindable: it must come with model_version.
TEST_F(IdentityTest, CanonicalTextIsPinned) {
    EXPECT_EQ(
        sweep("").base.canonical().dump(),
        R"({"activation_bits":8,"macro":{"adc":{"bits":8,"range":"full"},"bits_per_cycle":1,)"
        R"("mapping":"whole_channels","rows":255},"quantisation":{"activations":"percentile",)"
        R"("images":512,"percentile":99.9,"weights":"max"},"weight_bits":8})");
    EXPECT_EQ(
        sweep("macro: {adc.range: [0.1, 0.5], noise: {random: {sigma: 0.1}, inject: [1, 2]}, "
              "hybrid: {levels: 2}}\n"
              "quantisation: {activations: max, per_channel: true}\npath: fixed\n"
              "layers: [{match: 'a*', analog: false, macro.adc.range: [0, 0.5]}]\n")
            .base.canonical()
            .dump(),
        R"({"activation_bits":8,"layers":[{"analog":false,"macro":{"adc":{"range":[0,32768]}},"match":"a*"}],)"
        R"("macro":{"adc":{"bits":8,"range":[6554,32768]},"bits_per_cycle":1,"hybrid":{"levels":2},)"
        R"("mapping":"whole_channels","noise":{"inject":[1.0,2.0],"random":{"sigma":0.1,"unit":"lsb"}},"rows":255},)"
        R"("path":"fixed","quantisation":{"activations":"max","images":512,"per_channel":true,"weights":"max"},)"
        R"("weight_bits":8})");
    EXPECT_EQ(id(""), sha256_hex(R"({"configuration":)" + sweep("").base.canonical().dump() +
                                 R"(,"data":"data","model_version":)" +
                                 std::to_string(model_version) + R"(,"network":"net"})"));
}

TEST_F(IdentityTest, AdcWindowRoundsHalfToEven) {
    const auto window = [&](const std::string& lo) {
        return sweep("macro.adc.range: [" + lo + ", 1]\n").base.macro.adc.lo;
    };
    EXPECT_EQ(window("0.00000762939453125"), 0);  // 0.5 steps
    EXPECT_EQ(window("0.00002288818359375"), 2);  // 1.5 steps
    EXPECT_EQ(window("0.00003814697265625"), 2);  // 2.5 steps
    EXPECT_EQ(window("0.000023"), 2);
}

}  // namespace
}  // namespace acim
