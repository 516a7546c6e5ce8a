// SPDX-License-Identifier: Apache-2.0
// Forms of operators that the fixtures do not hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::ElementsAre;

ModelBuilder with_conv(std::vector<std::int64_t> image = {1, 5, 5}) {
    ModelBuilder model(std::move(image));
    model.reals("conv.weight", {1, 1, 2, 2}, {1, 2, 3, 4});
    model.node("Conv", {"x", "conv.weight"}, "y");
    return model;
}

std::vector<int> pads(const FloatGraph& graph) {
    const auto& conv = std::get<FloatProduct>(graph.operators.at(0).op).conv;
    return {conv.pad_top, conv.pad_left, conv.pad_bottom, conv.pad_right};
}

TEST(ImportOperators, AutoPadIsTranslated) {
    EXPECT_THAT(pads(with_conv().with("auto_pad", "SAME_UPPER").import()), ElementsAre(0, 0, 1, 1));
    EXPECT_THAT(pads(with_conv().with("auto_pad", "SAME_LOWER").import()), ElementsAre(1, 1, 0, 0));
    EXPECT_THAT(pads(with_conv().with("auto_pad", "VALID").import()), ElementsAre(0, 0, 0, 0));
    ModelBuilder strided = with_conv({1, 5, 6});
    strided.with("auto_pad", "SAME_UPPER").with("strides", {2, 2});
    const FloatGraph graph = strided.import();
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 1, 3, 3));
    EXPECT_THAT(pads(graph), ElementsAre(0, 0, 1, 0));
}

TEST(ImportOperators, ReduceMeanWithAxesAsInputOrAttribute) {
    ModelBuilder attribute({2, 4, 3});
    attribute.node("ReduceMean", {"x"}, "y")
        .with("axes", {-1, 2})
        .with("keepdims", std::int64_t{0});
    const FloatGraph flat = attribute.import();
    ASSERT_EQ(flat.operators.size(), 2U);
    EXPECT_THAT(flat.tensors[flat.output].shape, ElementsAre(1, 2));
    const auto& pool = std::get<AveragePool>(flat.operators[0].op).pool;
    EXPECT_THAT((std::vector{pool.kernel_height, pool.kernel_width, pool.out_height}),
                ElementsAre(4, 3, 1));

    ModelBuilder input({2, 4, 3}, 18);
    input.integers("axes", {2, 3});
    input.node("ReduceMean", {"x", "axes"}, "y");
    const FloatGraph kept = input.import();
    ASSERT_EQ(kept.operators.size(), 1U);
    EXPECT_THAT(kept.tensors[kept.output].shape, ElementsAre(1, 2, 1, 1));
}

TEST(ImportOperators, NoAxesReduceNothingWhereTheFileSaysSo) {
    ModelBuilder sum({2, 3});
    sum.node("ReduceSum", {"x"}, "s").with("noop_with_empty_axes", std::int64_t{1});
    sum.node("Relu", {"s"}, "y");
    const FloatGraph graph = sum.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 2, 3));
    ModelBuilder norm({2, 3}, 18);
    norm.node("ReduceL2", {"x"}, "y").with("noop_with_empty_axes", std::int64_t{1});
    EXPECT_THAT(norm.message(), testing::HasSubstr("reduces no axes (noop_with_empty_axes)"));
}

TEST(ImportOperators, SqueezeAndUnsqueezeAreViews) {
    ModelBuilder model({2, 4, 4});
    model.integers("hw", {2, 3});
    model.integers("last", {-1});
    model.node("GlobalAveragePool", {"x"}, "a").node("Squeeze", {"a", "hw"}, "b");
    model.node("Relu", {"b"}, "c").node("Unsqueeze", {"c", "last"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<View>(graph.operators[1].op));
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 2, 1));
}

TEST(ImportOperators, ViewsInARowAreOneAndEmptyViewsVanish) {
    ModelBuilder model({2, 4});
    model.integers("s1", {0, 8});
    model.integers("s2", {-1, 4, 2});
    model.integers("s3", {1, 4, 2});
    model.node("Reshape", {"x", "s1"}, "a").node("Reshape", {"a", "s2"}, "b");
    model.node("Reshape", {"b", "s3"}, "c").node("Relu", {"c"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 2U);
    EXPECT_EQ(std::get<View>(graph.operators[0].op).input, graph.input);
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 4, 2));
}

TEST(ImportOperators, ShapeArithmeticOfAReshapeIsFolded) {
    ModelBuilder model({2, 3, 4}, 17);
    model.integers("zero", {0});
    model.integers("one", {1});
    model.integers("big", {4});
    model.integers("two", {2});
    model.node("Shape", {"x"}, "s").node("Slice", {"s", "one", "big"}, "tail");
    model.node("Gather", {"tail", "zero"}, "channels").node("Mul", {"channels", "two"}, "doubled");
    model.node("Shape", {"x"}, "n").with("start", std::int64_t{0}).with("end", std::int64_t{1});
    model.node("Concat", {"n", "doubled", "minus"}, "shape").with("axis", std::int64_t{0});
    model.integers("minus", {-1});
    model.node("Reshape", {"x", "shape"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 4, 6));
}

TEST(ImportOperators, DropoutIdentityAndCastVanish) {
    ModelBuilder model({4});
    model.node("Identity", {"x"}, "a").node("Dropout", {"a"}, "b").node("Cast", {"b"}, "c");
    model.with("to", std::int64_t{1}).node("Relu", {"c"}, "d").node("Identity", {"d"}, "y");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 1U);
    EXPECT_EQ(std::get<Relu>(graph.operators[0].op).input, graph.input);
}

TEST(ImportOperators, NodesAreSortedAndDeadOnesDropped) {
    ModelBuilder model({4});
    model.node("Relu", {"b"}, "y").node("Sin", {"x"}, "dead").node("Relu", {"x"}, "b");
    const FloatGraph graph = model.import();
    ASSERT_EQ(graph.operators.size(), 2U);
    EXPECT_EQ(graph.operators[0].name, "b_node");
}

TEST(ImportOperators, AddPutsTheSingleValueSecond) {
    ModelBuilder model({1, 3, 3});
    model.node("GlobalAveragePool", {"x"}, "a").node("Add", {"a", "x"}, "y");
    const FloatGraph graph = model.import();
    const auto& add = std::get<Add>(graph.operators.at(1).op);
    EXPECT_EQ(add.a, graph.input);
    EXPECT_THAT(graph.tensors[add.output].shape, ElementsAre(1, 1, 3, 3));
}

TEST(ImportOperators, AveragePoolWithCeilModeAndNoPadsDoesNotCountWhatLeavesTheMap) {
    ModelBuilder model({1, 5, 5});
    model.node("AveragePool", {"x"}, "y").with("kernel_shape", {2, 2}).with("strides", {2, 2});
    model.with("ceil_mode", std::int64_t{1}).with("count_include_pad", std::int64_t{1});
    const FloatGraph graph = model.import();
    EXPECT_THAT(graph.tensors[graph.output].shape, ElementsAre(1, 1, 3, 3));
    EXPECT_FALSE(std::get<AveragePool>(graph.operators[0].op).count_include_pad);
}

TEST(ImportOperators, HalfPrecisionAndIntegerFieldsAreRead) {
    ModelBuilder model({2});
    auto& w = model.reals("w", {2, 2}, {});
    w.set_data_type(onnx::TensorProto::FLOAT16);
    w.clear_raw_data();
    for (const int bits : {0x3C00, 0xC100, 0x0001, 0x7BFF}) w.add_int32_data(bits);
    model.node("Gemm", {"x", "w"}, "y").with("transB", std::int64_t{1});
    const FloatGraph graph = model.import();
    EXPECT_THAT(std::get<FloatProduct>(graph.operators[0].op).weights,
                ElementsAre(1.0F, -2.5F, 0x1p-24F, 65504.0F));
}

TEST(ImportOperators, LayersAreNamedByWeightBiasOrModule) {
    ModelBuilder model({2});
    model.reals("onnx::MatMul_7", {2, 2}, {1, 2, 3, 4});
    model.reals("shared.weight", {2, 2}, {1, 2, 3, 4});
    model.node("Gemm", {"x", "onnx::MatMul_7"}, "a").node("Gemm", {"a", "shared.weight"}, "b");
    model.node("Gemm", {"b", "shared.weight"}, "c").node("Gemm", {"c", "onnx::MatMul_7"}, "y");
    model.graph().mutable_node(0)->set_name("/layer1/layer1.0/fc/Gemm_1");
    model.graph().mutable_node(3)->set_name("Gemm_9");
    const FloatGraph graph = model.import();
    std::vector<std::string> names;
    for (const auto& op : graph.operators) names.push_back(op.name);
    EXPECT_THAT(names, ElementsAre("layer1.0.fc", "shared", "shared_2", "Gemm_9"));
}

TEST(ImportOperators, AStaticBatchOfOneIsTheSame) {
    ModelBuilder model = with_conv();
    auto* type = model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type();
    type->mutable_shape()->mutable_dim(0)->set_dim_value(1);
    EXPECT_EQ(model.import().tensors[0].shape, (std::vector{1, 1, 5, 5}));
}

TEST(ImportOperators, TheListOfSupportedOperatorsIsSorted) {
    const auto names = supported_onnx_operators();
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    EXPECT_THAT(names, testing::IsSupersetOf({"Conv", "Gemm", "MatMul", "Constant", "ReduceMean"}));
}

TEST(ImportOperators, TokensMayBeViewedBeforeTheyChooseRows) {
    ModelBuilder model({3});
    auto* type = model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::INT64);
    model.reals("table", {4, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
    model.integers("flat", {-1});
    model.node("Reshape", {"x", "flat"}, "r").node("Gather", {"table", "r"}, "y");
    const FloatGraph graph = model.import();
    const auto& embedding = std::get<Embedding>(graph.operators.back().op);
    EXPECT_EQ(embedding.width, 2);
    EXPECT_EQ(graph.tensors.at(graph.output).shape, (std::vector<int>{3, 2}));
    model.node("Relu", {"r"}, "z").graph().mutable_output(0)->set_name("z");
    EXPECT_NE(model.message().find("computes on the integer input 'x'"), std::string::npos);
}

}  // namespace
}  // namespace acim
