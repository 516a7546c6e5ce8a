// SPDX-License-Identifier: Apache-2.0
// Folded parameters against the formulas written out by hand, compared with ==.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::ElementsAre;

const std::vector<float> gamma{0.75F, -1.5F}, beta{0.1F, 0.2F}, mean{0.3F, -0.7F},
    variance{0.9F, 0.013F};

void add_batch_norm(ModelBuilder& model, const std::string& from, const std::string& to) {
    model.reals("bn.weight", {2}, gamma);
    model.reals("bn.bias", {2}, beta);
    model.reals("bn.running_mean", {2}, mean);
    model.reals("bn.running_var", {2}, variance);
    model.node("BatchNormalization",
               {from, "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}, to);
    model.with("epsilon", 0.01F);
}

double norm_scale(int c) {
    return double{gamma[c]} / std::sqrt(double{variance[c]} + double{0.01F});
}

const FloatProduct& product(const FloatGraph& graph, std::size_t index = 0) {
    return std::get<FloatProduct>(graph.operators.at(index).op);
}

TEST(ImportFolding, BatchNormalizationGoesIntoAConv) {
    const std::vector<float> w{0.1F, -0.2F, 0.3F, 0.7F}, b{0.11F, -0.13F};
    ModelBuilder model({2, 3, 3});
    model.reals("stem.weight", {2, 2, 1, 1}, w);
    model.reals("stem.bias", {2}, b);
    model.node("Conv", {"x", "stem.weight", "stem.bias"}, "a");
    add_batch_norm(model, "a", "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    EXPECT_EQ(graph.operators[0].name, "stem");
    for (int m = 0; m < 2; ++m) {
        const double s = norm_scale(m), shift = double{beta[m]} - double{mean[m]} * s;
        EXPECT_EQ(product(graph).bias[m], static_cast<float>(double{b[m]} * s + shift));
        for (int k = 0; k < 2; ++k)
            EXPECT_EQ(product(graph).weights[m * 2 + k],
                      static_cast<float>(double{w[m * 2 + k]} * s));
    }
}

TEST(ImportFolding, BiasAndBatchNormalizationBehindAMatMulRoundOnce) {
    const std::vector<float> w{0.1F, -0.2F, 0.3F, 0.7F, -0.9F, 0.4F}, b{0.11F, -0.13F};
    ModelBuilder model({3});
    model.reals("fc.weight", {3, 2}, w);
    model.reals("fc.bias", {2}, b);
    model.node("MatMul", {"x", "fc.weight"}, "a").node("Add", {"fc.bias", "a"}, "c");
    add_batch_norm(model, "c", "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    for (int m = 0; m < 2; ++m) {
        const double s = norm_scale(m), shift = double{beta[m]} - double{mean[m]} * s;
        EXPECT_EQ(product(graph).bias[m], static_cast<float>(double{b[m]} * s + shift));
        for (int k = 0; k < 3; ++k)
            EXPECT_EQ(product(graph).weights[m * 3 + k],
                      static_cast<float>(double{w[k * 2 + m]} * s));
    }
}

TEST(ImportFolding, ASharedOutputKeepsItsBatchNormalization) {
    ModelBuilder model({2, 3, 3});
    model.reals("stem.weight", {2, 2, 1, 1}, {1, 2, 3, 4});
    model.node("Conv", {"x", "stem.weight"}, "a");
    add_batch_norm(model, "a", "b");
    model.node("Add", {"a", "b"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 3U);
    EXPECT_THAT(product(graph).weights, ElementsAre(1, 2, 3, 4));
    const auto& affine = std::get<Affine>(graph.operators[1].op);
    for (int c = 0; c < 2; ++c) {
        EXPECT_EQ(affine.scale[c], static_cast<float>(norm_scale(c)));
        EXPECT_EQ(affine.shift[c],
                  static_cast<float>(double{beta[c]} - double{mean[c]} * norm_scale(c)));
    }
}

TEST(ImportFolding, BatchNormalizationInFrontOfAConvStays) {
    ModelBuilder model({2, 3, 3});
    model.reals("stem.weight", {2, 2, 1, 1}, {1, 2, 3, 4});
    add_batch_norm(model, "x", "a");
    model.node("Conv", {"a", "stem.weight"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Affine>(graph.operators[0].op));
}

// The channel of BatchNormalization is axis 1, the outputs of a MatMul of rank 3 stand on axis 2.
TEST(ImportFolding, BatchNormalizationAlongAnotherAxisStays) {
    ModelBuilder model({2, 3});
    model.reals("fc.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
    model.node("MatMul", {"x", "fc.weight"}, "a");
    add_batch_norm(model, "a", "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 2U);
    EXPECT_THAT(product(graph).weights, ElementsAre(1, 3, 5, 2, 4, 6));
}

TEST(ImportFolding, GemmAppliesAlphaBetaAndBothLayouts) {
    ModelBuilder model({2});
    model.reals("fc1.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
    model.reals("fc1.bias", {1, 3}, {1, 2, 3});
    model.reals("fc2.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
    model.reals("fc2.bias", {}, {7});
    model.node("Gemm", {"x", "fc1.weight", "fc1.bias"}, "a").with("transB", std::int64_t{1});
    model.with("alpha", 0.5F).with("beta", 2.0F);
    model.node("Gemm", {"a", "fc2.weight", "fc2.bias"}, "y");
    const FloatGraph graph = model.import();
    EXPECT_THAT(product(graph, 0).weights, ElementsAre(0.5F, 1, 1.5F, 2, 2.5F, 3));
    EXPECT_THAT(product(graph, 0).bias, ElementsAre(2, 4, 6));
    EXPECT_THAT(product(graph, 1).weights, ElementsAre(1, 3, 5, 2, 4, 6));
    EXPECT_THAT(product(graph, 1).bias, ElementsAre(7, 7));
    EXPECT_EQ(product(graph, 1).depth, 3);
}

// What torch writes for a Linear of rank 3 without constant folding.
TEST(ImportFolding, ATransposedWeightKeepsItsName) {
    ModelBuilder model({2, 3});
    model.reals("block.fc.weight", {2, 3}, {1, 2, 3, 4, 5, 6});
    model.node("Transpose", {"block.fc.weight"}, "t").with("perm", {1, 0});
    model.node("MatMul", {"x", "t"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    EXPECT_EQ(graph.operators[0].name, "block.fc");
    EXPECT_THAT(product(graph).weights, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ImportFolding, TransposePermutesAllAxes) {
    std::vector<float> w(24);
    for (int i = 0; i < 24; ++i) w[i] = static_cast<float>(i);
    ModelBuilder model({4, 5, 5});
    model.reals("w", {2, 3, 4, 1}, w);
    model.node("Transpose", {"w"}, "t").with("perm", {1, 2, 0, 3});  // [3][4][2][1]
    model.node("Conv", {"x", "t"}, "y");
    const FloatGraph graph = model.import();
    for (int m = 0; m < 3; ++m)
        for (int c = 0; c < 4; ++c)
            for (int k = 0; k < 2; ++k)
                EXPECT_EQ(product(graph).weights[(m * 4 + c) * 2 + k], w[(k * 3 + m) * 4 + c]);
}

TEST(ImportFolding, AConstantPerChannelBecomesAnAffineMap) {
    ModelBuilder model({2, 3, 3});
    model.reals("c", {2, 1, 1}, {0.5F, -0.5F});
    model.reals("s", {}, {3});
    model.node("Relu", {"x"}, "a").node("Add", {"a", "c"}, "b").node("Add", {"s", "b"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 2U);
    const auto& affine = std::get<Affine>(graph.operators[1].op);
    EXPECT_THAT(affine.scale, ElementsAre(1, 1));
    EXPECT_THAT(affine.shift, ElementsAre(3.5F, 2.5F));
}

}  // namespace
}  // namespace acim
