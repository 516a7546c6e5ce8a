// SPDX-License-Identifier: Apache-2.0
// The vector kernel gives the integers of the reference kernel, on every instruction set.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "cuda/trial/product_kernel.hpp"
#include "host/engine/shift_table.hpp"
#include "host/engine/simd_kernel.hpp"
#include "host/engine/simd_loops.hpp"

namespace acim {
namespace {

struct Case {
    std::string name;
    LayerSettings settings;
    LayerShape shape;
    int pixels;
};

LayerSettings settings(int weight_bits, int activation_bits, int rows, int adc, int bits_per_cycle,
                       double sigma_lsb, double nonlinear_percent) {
    LayerSettings s;
    s.weight_bits = weight_bits;
    s.activation_bits = activation_bits;
    s.macro.rows = rows;
    s.macro.adc.bits = adc;
    s.macro.bits_per_cycle = bits_per_cycle;
    s.macro.noise.random = {sigma_lsb, NoiseUnit::lsb};
    s.macro.noise.nonlinear.sigma = nonlinear_percent;
    return s;
}

std::vector<Case> cases() {
    std::vector<Case> all;
    const auto add = [&](std::string name, LayerSettings s, LayerShape shape, int pixels) {
        all.push_back({std::move(name), s, shape, pixels});
    };
    for (const int words : {60, 100, 170, 255, 300})
        add("rows" + std::to_string(words), settings(8, 8, words, 8, 1, 0.5, 0.05),
            {19, 2 * words + 37, 1, false}, 5);
    // Lossless: the tables whose rows are shifts of one another.
    for (const int tenths : {1, 2, 3, 5, 10, 30})
        for (const int nonlinear : {0, 5, 20})
            add("shift_" + std::to_string(tenths) + "_" + std::to_string(nonlinear),
                settings(8, 8, 255, 8, 1, tenths / 10.0, nonlinear / 100.0), {16, 576, 9, false},
                16);
    add("shift_rows63", settings(4, 8, 63, 6, 1, 0.4, 0.1), {9, 300, 1, false}, 9);
    add("shift_counts_of_two", settings(8, 8, 85, 8, 1, 0.5, 0.05), {9, 300, 1, false}, 9);
    add("general_table", settings(8, 8, 255, 8, 1, 0.7, 0.4), {64, 576, 9, false}, 7);
    add("lossy6", settings(8, 8, 255, 6, 1, 0.5, 0.0), {10, 300, 1, false}, 4);
    add("six_lsb", settings(8, 8, 255, 10, 1, 5.9, 0.0), {9, 300, 1, false}, 4);
    add("parallel2", settings(8, 8, 255, 9, 2, 0.5, 0.1), {11, 300, 1, false}, 6);
    add("parallel4_rest", settings(6, 6, 128, 7, 4, 0.4, 0.1), {8, 432, 9, false}, 6);
    add("signed9", settings(8, 9, 255, 9, 2, 0.5, 0.1), {13, 512, 1, true}, 6);
    add("signed_serial", settings(8, 8, 255, 8, 1, 0.3, 0.0), {13, 512, 1, true}, 6);
    add("w3a5", settings(3, 5, 36, 5, 1, 0.3, 0.0), {7, 90, 9, false}, 6);
    add("w1a1", settings(1, 1, 36, 5, 1, 0.3, 0.0), {7, 90, 9, false}, 6);
    add("wide_rows", settings(8, 8, 4000, 12, 1, 0.5, 0.0), {3, 4100, 1, false}, 3);
    add("beyond_lanes", settings(8, 8, 4000, 12, 4, 0.5, 0.0), {2, 4100, 1, false}, 2);
    add("beyond_sums", settings(8, 9, 255, 14, 1, 0.5, 0.0), {5, 300, 1, false}, 3);
    add("big_sigma", settings(8, 8, 255, 8, 1, 9.0, 0.5), {9, 300, 1, false}, 4);
    add("lut", settings(8, 8, 256, 7, 1, 0.0, 0.0), {9, 700, 1, false}, 8);
    add("lut_mixed_widths", settings(8, 7, 100, 9, 4, 0.0, 0.0), {9, 300, 1, true}, 8);
    add("product", settings(8, 8, 255, 8, 1, 0.0, 0.0), {9, 700, 1, false}, 8);
    for (const int thousandths : {60, 128, 170, 194})
        add("events_" + std::to_string(thousandths),
            settings(8, 8, 255, 8, 1, thousandths / 1000.0, 0.0), {19, 1300, 1, false}, 7);
    add("events_w3a5_signed", settings(3, 5, 31, 5, 1, 0.19, 0.0), {7, 90, 9, true}, 6);
    add("events_of_two_bits", settings(8, 8, 85, 8, 2, 0.19, 0.0), {9, 300, 1, false}, 5);
    Case hybrid = {"hybrid", settings(8, 8, 255, 8, 1, 0.5, 0.0), {9, 300, 1, false}, 5};
    hybrid.settings.macro.hybrid.levels = 3;
    all.push_back(hybrid);
    hybrid.name = "hybrid_rounded";
    hybrid.settings.macro.adc.bits = 7;
    hybrid.settings.macro.hybrid.asim_rounding = true;
    all.push_back(hybrid);
    Case fixed = {"fixed", settings(8, 8, 255, 8, 2, 0.5, 0.2), {9, 300, 1, false}, 5};
    fixed.settings.path = PathRequest::fixed;
    all.push_back(fixed);
    Case window = {"window", settings(8, 8, 255, 6, 1, 0.5, 0.0), {9, 300, 1, false}, 5};
    window.settings.macro.adc = {6, AdcRange::window, 1000, 21000};
    all.push_back(window);
    Case counts = {"counts", settings(8, 8, 255, 5, 1, 0.5, 0.0), {9, 300, 1, false}, 5};
    counts.settings.macro.adc.range = AdcRange::counts;
    all.push_back(counts);
    Case injected = {"injected", settings(8, 8, 255, 8, 1, 0.5, 0.3), {9, 300, 1, false}, 5};
    injected.settings.macro.noise.inject = {true, 1.0, -1.0};
    all.push_back(injected);
    return all;
}

struct Sums {
    std::vector<std::int64_t> analog, digital, exact;
    explicit Sums(std::size_t n) : analog(n, -1), digital(n, -1), exact(n, -1) {}
    ProductSums spans() { return {analog, digital, exact}; }
};

Sums run(const ProductKernel& kernel, const LayerPlan& plan, const Case& c,
         const std::vector<std::int8_t>& weights, const std::vector<std::int16_t>& inputs) {
    Sums sums(static_cast<std::size_t>(c.shape.outputs) * c.pixels);
    const auto packed = kernel.pack(plan, c.shape.outputs, weights, {});
    kernel.run(plan, *packed, c.shape.outputs, c.pixels, inputs, OutputMap{5, c.pixels, 1},
               ProductPlace{trial_key(77, 3, 2), 12, 4711}, sums.spans());
    return sums;
}

// Without noise the reference path makes the codes of the exact paths: ties included, since every
// position of these macros lies on its grid or further than half a step from an edge.
TEST(FixedPath, EqualsExactPathsWithoutNoise) {
    std::mt19937 random(3);
    for (const int adc : {5, 7, 8, 10}) {
        Case c{"quiet", settings(8, 8, 255, adc, 1, 0.0, 0.0), {9, 300, 1, false}, 6};
        std::vector<std::int8_t> weights(9 * 300);
        std::vector<std::int16_t> inputs(6 * 300);
        for (auto& w : weights)
            w = static_cast<std::int8_t>(std::uniform_int_distribution(-128, 127)(random));
        for (auto& x : inputs)
            x = static_cast<std::int16_t>(std::uniform_int_distribution(0, 255)(random));
        std::vector<std::vector<double>> y;
        for (const PathRequest path :
             {PathRequest::automatic, PathRequest::table, PathRequest::fixed}) {
            c.settings.path = path;
            CycleLawCache cache;
            const LayerPlan plan = make_layer_plan(c.settings, c.shape, cache);
            const Sums sums = run(*make_simd_kernel(), plan, c, weights, inputs);
            y.emplace_back();
            for (std::size_t i = 0; i < sums.exact.size(); ++i)
                y.back().push_back(
                    product_value(plan, sums.analog[i], sums.digital[i], sums.exact[i]));
        }
        EXPECT_EQ(y[0], y[1]) << adc;
        EXPECT_EQ(y[0], y[2]) << adc;
    }
}

TEST(ShiftTable, IsFoundWhereRowsAreShifts) {
    MacroParams macro;
    macro.noise.random = {0.5, NoiseUnit::lsb};
    macro.noise.nonlinear.sigma = 0.05;
    EXPECT_TRUE(find_shift_table(CycleLaw::table(macro, 8, 1)));
    macro.adc.bits = 7;  // lossy: several sums share a code
    EXPECT_FALSE(find_shift_table(CycleLaw::table(macro, 8, 1)));
    macro.adc.bits = 8;
    macro.noise.random.sigma = 5.5;  // offsets beyond five bits
    EXPECT_FALSE(find_shift_table(CycleLaw::table(macro, 8, 1)));
}

class KernelTest : public testing::TestWithParam<Case> {
protected:
    void TearDown() override { simd::force_target(""); }
};

TEST_P(KernelTest, EqualsReferenceOnEveryTarget) {
    const Case& c = GetParam();
    std::mt19937 random(1);
    const int low = c.shape.is_signed ? -(1 << (c.settings.activation_bits - 1)) : 0;
    const int high = c.shape.is_signed ? (1 << (c.settings.activation_bits - 1)) - 1
                                       : (1 << c.settings.activation_bits) - 1;
    std::vector<std::int8_t> weights(static_cast<std::size_t>(c.shape.outputs) * c.shape.depth);
    std::vector<std::int16_t> inputs(static_cast<std::size_t>(c.pixels) * c.shape.depth);
    const int w_high = c.settings.weight_bits == 1 ? 1 : (1 << (c.settings.weight_bits - 1)) - 1;
    const int w_low = c.settings.weight_bits == 1 ? 0 : -w_high - 1;
    for (auto& w : weights)
        w = static_cast<std::int8_t>(std::uniform_int_distribution(w_low, w_high)(random));
    for (auto& x : inputs)
        x = static_cast<std::int16_t>(std::uniform_int_distribution(low, high)(random));
    CycleLawCache cache;
    const LayerPlan plan = make_layer_plan(c.settings, c.shape, cache);
    const Sums expected = run(*make_reference_kernel(), plan, c, weights, inputs);
    const auto kernel = make_simd_kernel();
    for (const std::string& target : simd::compiled_targets()) {
        if (!simd::force_target(target)) continue;  // this machine cannot run it
        ASSERT_EQ(simd::chosen_target(), target);
        const Sums got = run(*kernel, plan, c, weights, inputs);
        EXPECT_EQ(got.analog, expected.analog) << target;
        EXPECT_EQ(got.digital, expected.digital) << target;
        EXPECT_EQ(got.exact, expected.exact) << target;
    }
}

INSTANTIATE_TEST_SUITE_P(All, KernelTest, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace acim
