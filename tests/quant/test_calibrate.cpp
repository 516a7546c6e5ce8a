// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/core/error.hpp"
#include "host/quant/calibrate.hpp"
#include "host/quant/float_executor.hpp"
#include "host/quant/network_file.hpp"
#include "tests/quant/small_network.hpp"

namespace acim {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// 1, 2, ..., count in one row of an image.
test::ListedImages counting_images(int count, float sign = 1.0F) {
    std::vector<float> values;
    for (int i = 1; i <= count; ++i) values.push_back(sign * static_cast<float>(i));
    return {{1, 1, count}, {values}};
}

const Product& product(const QuantizedNetwork& network, int layer = 0) {
    const int index = network.mac_layers()[static_cast<std::size_t>(layer)];
    return std::get<Product>(network.operators[static_cast<std::size_t>(index)].op);
}

TEST(MagnitudeHistogram, BinsAreNarrowAndConsecutive) {
    EXPECT_EQ(MagnitudeHistogram::bin(0.0F), 0);
    EXPECT_EQ(MagnitudeHistogram::bin(-0.0F), 0);
    EXPECT_EQ(MagnitudeHistogram::bin(1e-12F), 0);
    EXPECT_EQ(MagnitudeHistogram::bin(1e30F), MagnitudeHistogram::bins - 1);
    EXPECT_EQ(MagnitudeHistogram::bin(std::ldexp(1.0F, -32)), 1);
    EXPECT_EQ(MagnitudeHistogram::bin(std::ldexp(1.0F, 32)), MagnitudeHistogram::bins - 1);
    std::mt19937 random(4);
    std::uniform_real_distribution<float> exponent(-30.0F, 30.0F);
    for (int i = 0; i < 10000; ++i) {
        const float x = std::exp2(exponent(random));
        const int bin = MagnitudeHistogram::bin(-x);
        EXPECT_GE(x, MagnitudeHistogram::lower(bin));
        EXPECT_LT(x, MagnitudeHistogram::upper(bin));
        EXPECT_LE(MagnitudeHistogram::upper(bin) / MagnitudeHistogram::lower(bin),
                  1.0 + 1.0 / 1024);
    }
}

// Nothing is allocated for a network that the machine cannot hold, and no thread is started that has
// no room; a petabyte is more than any machine of today has.
TEST(Observe, MoreMemoryThanTheMachineHasIsRefused) {
    const auto graph = test::linear_graph(1, {1.0F, 1.0F, 1.0F});
    for (int i = 0; i < 1 << 18; ++i) graph->tensors.push_back({"huge", {1, 1 << 30}});
    const test::ListedImages images({1, 1, 3}, {{-3.0F, 0.0F, 1.0F}});
    try {
        observe(graph, images, 1, 1);
        FAIL() << "observed";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("calibration on one image takes 1073741824 MB, this"));
    }
    EXPECT_THROW(score_float(graph, images, 0, 1), InputError);
}

TEST(Observe, SeesRangeSignAndEveryValue) {
    const auto graph = test::linear_graph(1, {1.0F, 1.0F, 1.0F});
    const test::ListedImages images({1, 1, 3},
                                    {{-3.0F, 0.0F, 1.0F}, {2.0F, 2.0F, 0.5F}, {9, 9, 9}});
    const auto statistics = observe(graph, images, 2, 1);
    ASSERT_EQ(statistics.inputs.size(), 1U);
    EXPECT_EQ(statistics.images, 2U);
    EXPECT_EQ(statistics.inputs[0].min, -3.0F);
    EXPECT_EQ(statistics.inputs[0].max, 2.0F);
    EXPECT_EQ(statistics.inputs[0].abs_max, 3.0F);
    EXPECT_EQ(statistics.inputs[0].histogram.total(), 6U);
    const auto counts = statistics.inputs[0].histogram.counts();
    EXPECT_EQ(counts[static_cast<std::size_t>(MagnitudeHistogram::bin(2.0F))], 2U);
}

TEST(Observe, ReportsWhatItCannotUse) {
    const auto graph = test::linear_graph(1, {1.0F, 1.0F, 1.0F});
    const float inf = std::numeric_limits<float>::infinity();
    const test::ListedImages images({1, 1, 3}, {{1.0F, inf, 1.0F}});
    const auto message = [&](int count) -> std::string {
        try {
            observe(graph, images, count);
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_THAT(message(1), HasSubstr("layer fc: an input is not finite"));
    EXPECT_THAT(message(2), HasSubstr("2 images wanted, the calibration data hold 1"));
    EXPECT_THAT(message(0), HasSubstr("quantisation.images: must be at least 1"));
}

TEST(RangeRule, FollowsKnownDistributions) {
    const auto graph = test::linear_graph(1, std::vector<float>(1000, 1.0F));
    const auto statistics = observe(graph, counting_images(1000), 1);
    const InputStatistics& in = statistics.inputs[0];
    EXPECT_EQ(choose_range(in, RangeRule::max, 99.9, 255), 1000.0);
    EXPECT_EQ(choose_range(in, RangeRule::percentile, 100.0, 255), 1000.0);
    // Rank 900 of 1..1000 is the value 900; the answer is the upper edge of its bin.
    const double p90 = choose_range(in, RangeRule::percentile, 90.0, 255);
    EXPECT_GT(p90, 900.0);
    EXPECT_LE(p90, 900.0 * (1.0 + 1.0 / 1024));
    // Clipping a uniform distribution only costs.
    EXPECT_EQ(choose_range(in, RangeRule::mse, 99.9, 255), 1000.0);
    std::vector<float> weights;
    for (int i = 1; i <= 1000; ++i) weights.push_back(static_cast<float>(i % 2 ? i : -i));
    EXPECT_EQ(choose_range(weights, RangeRule::max, 99.9, 127), 1000.0);
    EXPECT_EQ(choose_range(weights, RangeRule::percentile, 99.9, 127), 999.0);
    EXPECT_EQ(choose_range(weights, RangeRule::percentile, 99.95, 127), 1000.0);
}

// The best step of 15 uniform levels for a Gaussian is 0.3535 by numerical integration (the problem
// of J. Max, IRE Trans. Inf. Theory 1960), so the range is 2.47; the candidates lie 4.4/128 = 0.034
// apart and 1e5 draws leave the flat optimum open by about as much again.
TEST(RangeRule, MseFindsTheGaussianOptimum) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    std::vector<float> values(100000);
    for (float& v : values) v = normal(random);
    const double direct = choose_range(values, RangeRule::mse, 99.9, 7);
    EXPECT_NEAR(direct, 2.47, 0.1);
    InputStatistics statistics;
    for (float v : values) {
        statistics.histogram.add(v);
        statistics.abs_max = std::max(statistics.abs_max, std::abs(v));
    }
    EXPECT_NEAR(choose_range(statistics, RangeRule::mse, 99.9, 7), direct, 0.04);
}

TEST(Quantise, ChoosesUnsignedOnlyWithoutNegativeValues) {
    const auto graph = test::linear_graph(1, std::vector<float>(10, 1.0F));
    QuantisationSpec spec;
    const auto positive = quantise(*graph, observe(graph, counting_images(10), 1), spec, {8}, {8});
    EXPECT_FALSE(product(positive).input_quantisation.is_signed);
    EXPECT_EQ(product(positive).input_quantisation.scale, 10.0F / 255.0F);
    const auto negative =
        quantise(*graph, observe(graph, counting_images(10, -1.0F), 1), spec, {8}, {9});
    EXPECT_TRUE(product(negative).input_quantisation.is_signed);
    EXPECT_EQ(product(negative).input_quantisation.scale, 10.0F / 255.0F);
}

TEST(Quantise, WeightsPerTensorAndPerChannel) {
    const auto graph = test::linear_graph(3, {1.75F, -0.875F, 7.0F, 3.5F, 0.0F, 0.0F});
    const auto statistics = observe(graph, counting_images(2), 1);
    QuantisationSpec spec;
    const auto tensor = quantise(*graph, statistics, spec, {4}, {8});
    EXPECT_THAT(product(tensor).weight_scale, Each(1.0F));
    EXPECT_THAT(product(tensor).weights, ElementsAre(2, -1, 7, 4, 0, 0));  // 3.5 goes to even
    spec.per_channel = true;
    const auto channel = quantise(*graph, statistics, spec, {4}, {8});
    EXPECT_THAT(product(channel).weight_scale, ElementsAre(0.25F, 1.0F, 1.0F));
    EXPECT_THAT(product(channel).weights, ElementsAre(7, -4, 7, 4, 0, 0));
    EXPECT_NE(tensor.hash, channel.hash);
}

TEST(Quantise, ZeroRangesGetScaleOne) {
    const auto graph = test::linear_graph(2, {0.0F, 0.0F, 0.0F, 0.0F});
    const test::ListedImages images({1, 1, 2}, {{0.0F, 0.0F}});
    const auto statistics = observe(graph, images, 1);
    for (RangeRule rule : {RangeRule::max, RangeRule::percentile, RangeRule::mse}) {
        const QuantisationSpec spec{rule, rule, false, 1, 99.9};
        const auto network = quantise(*graph, statistics, spec, {8}, {8});
        EXPECT_EQ(product(network).input_quantisation.scale, 1.0F);
        EXPECT_THAT(product(network).weight_scale, ElementsAre(1.0F, 1.0F));
    }
    EXPECT_EQ(choose_scale(1e-44, 255), 1.0F);
}

TEST(Quantise, RefusesBitsAndWeightsItCannotHold) {
    auto graph = test::linear_graph(1, std::vector<float>(10, 1.0F));
    const auto positive = observe(graph, counting_images(10), 1);
    const auto negative = observe(graph, counting_images(10, -1.0F), 1);
    const auto message = [&](const CalibrationStatistics& statistics, int w, int x) -> std::string {
        try {
            quantise(*graph, statistics, {}, {w}, {x});
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_EQ(message(positive, 2, 1), "no error");
    EXPECT_EQ(message(negative, 8, 9), "no error");
    EXPECT_THAT(message(positive, 1, 8), HasSubstr("layer fc: weight_bits must be 2..8 (1)"));
    EXPECT_THAT(message(positive, 9, 8), HasSubstr("weight_bits must be 2..8 (9)"));
    EXPECT_THAT(message(positive, 8, 10), HasSubstr("activation_bits must be 1..9 for unsigned"));
    EXPECT_THAT(message(negative, 8, 1), HasSubstr("activation_bits must be 2..9 for signed"));
    std::get<FloatProduct>(graph->operators[0].op).weights[3] =
        std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(message(positive, 8, 8), HasSubstr("layer fc: weight 3 is not finite (nan)"));
}

TEST(Quantise, DoesNotDependOnThreadsAndKeepsOtherOperators) {
    const auto graph = test::every_operator();
    const auto images = test::ramp_images(40);
    const QuantisationSpec spec{RangeRule::mse, RangeRule::mse, true, 40, 99.9};
    const auto one = quantise(*graph, observe(graph, images, 40, 1), spec, {4, 8}, {6, 9});
    const auto many = quantise(*graph, observe(graph, images, 40, 7), spec, {4, 8}, {6, 9});
    EXPECT_EQ(one.hash, many.hash);
    EXPECT_EQ(one.hash, network_hash(one));
    EXPECT_EQ(one.classes, 3);
    ASSERT_EQ(one.operators.size(), 9U);
    EXPECT_EQ(product(one, 0).weight_bits, 4);
    EXPECT_EQ(product(one, 1).input_quantisation.bits, 9);
    EXPECT_EQ(std::get<Affine>(one.operators[3].op).shift[0], -1.0F);
    EXPECT_EQ(std::get<AveragePool>(one.operators[6].op).fraction_bits, 24);
    EXPECT_EQ(one.operators[0].name, "conv");
}

}  // namespace
}  // namespace acim
