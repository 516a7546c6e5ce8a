// SPDX-License-Identifier: Apache-2.0
// Every refusal names its place and the reason.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
constexpr std::int64_t one = 1;

ModelBuilder conv(std::vector<std::int64_t> weight_shape = {2, 2, 3, 3}) {
    std::size_t n = 1;
    for (const auto extent : weight_shape) n *= static_cast<std::size_t>(extent);
    ModelBuilder model({2, 6, 6});
    model.reals("conv.weight", weight_shape, std::vector<float>(n, 1.0F));
    model.node("Conv", {"x", "conv.weight"}, "y");
    return model;
}

ModelBuilder gemm() {
    ModelBuilder model({3});
    model.reals("fc.weight", {3, 2}, {1, 2, 3, 4, 5, 6});
    model.node("Gemm", {"x", "fc.weight"}, "y");
    return model;
}

ModelBuilder pool(const std::string& type) {
    ModelBuilder model({2, 5, 5});
    model.node(type, {"x"}, "y").with("kernel_shape", {2, 2});
    return model;
}

onnx::TensorShapeProto& input_shape(ModelBuilder& model) {
    auto* type = model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type();
    return *type->mutable_shape();
}

TEST(ImportErrors, Files) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "m.onnx";
    EXPECT_EQ(import_message(path),
              path.string() + ": no such file. Give the path of an ONNX model");
    EXPECT_THAT(import_message(folder.path()), HasSubstr(": not a file."));
    write_bytes(path, "");
    EXPECT_THAT(import_message(path), HasSubstr(": holds no graph."));
    write_bytes(path, "this is not a protobuf at all");
    EXPECT_THAT(import_message(path), HasSubstr(": not an ONNX model, or cut short"));
    const std::string whole = gemm().model.SerializeAsString();
    write_bytes(path, whole.substr(0, whole.size() / 2));
    EXPECT_THAT(import_message(path), HasSubstr(": not an ONNX model, or cut short"));
}

TEST(ImportErrors, FilesAboveTwoGibibytes) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "m.onnx";
    write_bytes(path, "");
    std::filesystem::resize_file(path, std::uintmax_t{1} << 31);  // sparse
    EXPECT_THAT(import_message(path), HasSubstr("2147483648 bytes, larger than the 2 GiB"));
}

TEST(ImportErrors, Opsets) {
    ModelBuilder old = gemm();
    old.model.mutable_opset_import(0)->set_version(12);
    EXPECT_EQ(old.message(), "opset 12. Export the model with an opset from 13 to 20");
    old.model.mutable_opset_import(0)->set_version(21);
    EXPECT_THAT(old.message(), StartsWith("opset 21."));
    old.model.clear_opset_import();
    EXPECT_THAT(old.message(), StartsWith("opset 0."));
}

TEST(ImportErrors, UnsupportedOperators) {
    ModelBuilder model = gemm();
    model.graph().mutable_node(0)->set_op_type("LSTM");
    EXPECT_THAT(model.message(),
                StartsWith("1 operator is not supported: LSTM at 'y_node' (nearest: an unrolled "
                           "network of Gemm, Sigmoid and Tanh). Supported are Abs, Add, "));
    EXPECT_THAT(model.message(), HasSubstr("on constants and shapes also And, Ceil, "));
    model.graph().mutable_node(0)->set_domain("com.microsoft");
    EXPECT_THAT(model.message(), StartsWith("1 operator is not supported: com.microsoft.LSTM at"));
    ModelBuilder printable = gemm();
    printable.graph().mutable_node(0)->set_op_type("A\nB\x80");
    EXPECT_THAT(printable.message(), StartsWith("1 operator is not supported: A?B? at 'y_node'."));
    ModelBuilder internal = gemm();
    internal.graph().mutable_node(0)->set_op_type("acim.Silu");
    EXPECT_THAT(internal.message(), HasSubstr("not supported: acim.Silu at"));
}

TEST(ImportErrors, AllUnsupportedOperatorsAtOnce) {
    ModelBuilder model({3});
    model.node("Mish", {"x"}, "a").node("Relu", {"a"}, "b").node("Mish", {"b"}, "c");
    model.node("QLinearConv", {"c"}, "d").node("TopK", {"d"}, "y");
    EXPECT_THAT(model.message(),
                StartsWith("3 operators are not supported: Mish at 'a_node', 'c_node' (nearest: "
                           "Gelu, HardSwish, Elu or LeakyRelu); QLinearConv at 'd_node' (nearest: "
                           "quantise by QuantizeLinear and DequantizeLinear around float operators "
                           "(QDQ)); TopK at 'y_node' (nearest: cut the model at its logits). "));
    // Operators that only constants may have.
    ModelBuilder constant({3});
    constant.node("Sin", {"x"}, "a").node("Relu", {"a"}, "b").node("Cos", {"b"}, "y");
    EXPECT_THAT(constant.message(),
                StartsWith("2 operators are not supported: Sin at 'a_node'; Cos at 'y_node'. "));
    ModelBuilder many({3});
    std::string from = "x";
    for (int i = 0; i < 30; ++i) {
        const std::string to = i == 29 ? "y" : fmt::format("v{}", i);
        many.node("LSTM", {from}, to);
        from = to;
    }
    EXPECT_THAT(many.message(), HasSubstr("'v4_node' and 25 more"));
}

// Forms of known operators too, before and behind lowering; equal ones share a line, and nothing is
// said about what follows from a node that is refused.
TEST(ImportErrors, AllUnsupportedFormsAtOnce) {
    ModelBuilder model({2, 6, 6});
    model.reals("w", {2, 2, 3, 3}, std::vector<float>(36, 1.0F));
    model.node("Conv", {"x", "w"}, "a").with("pads", {1, 1}).node("Relu", {"a"}, "b");
    for (const char* name : {"p", "q", "r"})
        model.node("MaxPool", {"x"}, name).with("kernel_shape", {2, 2}).with("dilations", {2, 2});
    model.node("Sum", {"b", "p", "q", "r"}, "s").node("Transpose", {"x"}, "t");
    model.with("perm", {0, 0, 1, 2}).node("Concat", {"s", "t"}, "y");
    EXPECT_EQ(model.message(),
              "5 forms are not supported:\n"
              "  node 'a_node' (Conv): attribute 'pads' has 2 values. A 2-D window needs 4\n"
              "  node 't_node' (Transpose): attribute 'perm' is not a permutation of the axes\n"
              "  nodes 'p_node', 'q_node', 'r_node' (MaxPool): dilations are not supported for "
              "pooling. Use dilation 1");
    model.node("LSTM", {"t"}, "u").node("Add", {"u", "y"}, "z");
    model.graph().mutable_output(0)->set_name("z");
    EXPECT_THAT(model.message(), StartsWith("1 operator is not supported: LSTM at 'u_node'"));
    EXPECT_THAT(model.message(), HasSubstr(".\nBesides, 5 forms are not supported:"));
}

TEST(ImportErrors, LongListsOfFormsAreCut) {
    ModelBuilder model({2});
    std::vector<std::string> parts;
    for (int i = 0; i < 23; ++i) {
        parts.push_back(i < 22 ? fmt::format("c{}", i) : "d");
        model.node("Softmax", {"x"}, parts.back()).with("axis", std::int64_t{10 + i});
    }
    model.node("Concat", parts, "y");
    EXPECT_THAT(model.message(), StartsWith("23 forms are not supported:\n  node "
                                            "'c0_node' (Softmax): axis 10 is outside"));
    EXPECT_THAT(model.message(), EndsWith("axis 29 is outside a tensor of rank 2\n"
                                          "  and 3 more"));
}

// What is computed from the shape of a lost value may be constant: only what is applied to the
// image itself is told to be for constants only.
TEST(ImportErrors, ShapesBehindARefusedNodeAreNotBlamed) {
    ModelBuilder model({2, 6, 6});
    model.integers("one", {1});
    model.node("MaxPool", {"x"}, "p").with("kernel_shape", {2});
    model.node("Shape", {"p"}, "s")
        .node("ConstantOfShape", {"s"}, "c")
        .node("Add", {"p", "c"}, "d");
    model.node("Neg", {"d"}, "e").node("Cast", {"e"}, "f").with("to", one);
    model.node("Split", {"f"}, "y").with("axis", one);
    EXPECT_EQ(
        model.message(),
        "node 'p_node' (MaxPool): attribute 'kernel_shape' has 1 values. A 2-D window needs 2");
    model.node("Floor", {"y"}, "z").graph().mutable_output(0)->set_name("z");
    EXPECT_THAT(model.message(), StartsWith("1 operator is not supported: Floor at 'z_node'"));
    EXPECT_THAT(model.message(), EndsWith(".\nBesides, node 'p_node' (MaxPool): attribute "
                                          "'kernel_shape' has 1 values. A 2-D window needs 2"));
}

TEST(ImportErrors, AllRanksAtOnce) {
    ModelBuilder model({4, 6});
    model.integers("s", {1, 1, 1, 2, 2, 6});
    model.node("Reshape", {"x", "s"}, "a").node("Relu", {"a"}, "b").node("Sigmoid", {"a"}, "c");
    model.node("Mul", {"b", "c"}, "d").node("Flatten", {"d"}, "y");
    EXPECT_THAT(model.message(), StartsWith("4 forms are not supported:\n  value "
                                            "'a' has shape [1, 1, 1, 2, 2, 6]. A tensor has at"));
}

TEST(ImportErrors, WeightsThatAreNotNumbers) {
    const float infinite = std::numeric_limits<float>::infinity();
    ModelBuilder model({3});
    model.reals("fc.weight", {3, 2}, {1, 2, 3, 4, -infinite, 6});
    model.node("Gemm", {"x", "fc.weight"}, "y");
    EXPECT_EQ(model.message(),
              "node 'y_node' (Gemm): B 'fc.weight' is infinite at [2, 0]. Weights must be finite "
              "numbers; train or export the model again");
    ModelBuilder bias = gemm();
    bias.reals("fc.bias", {2}, {1, std::numeric_limits<float>::quiet_NaN()});
    bias.graph().mutable_node(0)->add_input("fc.bias");
    EXPECT_THAT(bias.message(), HasSubstr("C 'fc.bias' is NaN at [1]"));
    ModelBuilder large = gemm();
    large.with("alpha", 3e38F);
    EXPECT_THAT(large.message(), HasSubstr("a folded parameter is"));
}

TEST(ImportErrors, InputsAndOutputs) {
    ModelBuilder two = gemm();
    *two.graph().add_input() = two.graph().input(0);
    two.graph().mutable_input(1)->set_name("mask");
    EXPECT_EQ(two.message(), "2 inputs ('x', 'mask'). A model with one image input is needed");
    ModelBuilder outputs = gemm();
    outputs.graph().add_output()->set_name("x");
    EXPECT_EQ(outputs.message(), "2 outputs ('y', 'x'). A model with one output is needed");
    ModelBuilder none = gemm();
    none.graph().mutable_output(0)->set_name("nothing");
    EXPECT_THAT(none.message(), StartsWith("output 'nothing' is not defined"));
    none.graph().mutable_output(0)->set_name("fc.weight");
    EXPECT_THAT(none.message(), StartsWith("its output is not computed from the image"));
    ModelBuilder whole = gemm();
    whole.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(7);
    EXPECT_THAT(whole.message(), HasSubstr("computes on the integer input 'x'."));
    whole.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(10);
    EXPECT_THAT(whole.message(), StartsWith("input 'x' is not float32."));
}

TEST(ImportErrors, InputShapes) {
    ModelBuilder spatial = conv();
    input_shape(spatial).mutable_dim(2)->set_dim_param("height");
    EXPECT_EQ(spatial.message(),
              "input 'x': axis 2 is dynamic ('height'). Only the batch axis may be; export it with "
              "the image's size");
    ModelBuilder batch = conv();
    input_shape(batch).mutable_dim(0)->set_dim_value(8);
    EXPECT_THAT(batch.message(), StartsWith("input 'x' has a fixed batch of 8."));
    ModelBuilder huge = conv();
    input_shape(huge).mutable_dim(1)->set_dim_value(std::int64_t{1} << 62);
    EXPECT_THAT(huge.message(), HasSubstr("has more than 268435456 elements"));
    ModelBuilder ranks = conv();
    for (int i = 0; i < 4; ++i) input_shape(ranks).add_dim()->set_dim_value(1);
    EXPECT_THAT(ranks.message(), StartsWith("input 'x' has 8 axes."));
    ModelBuilder shapeless = conv();
    auto* type = shapeless.graph().mutable_input(0)->mutable_type()->mutable_tensor_type();
    type->clear_shape();
    EXPECT_THAT(shapeless.message(), StartsWith("input 'x' has no shape."));
}

TEST(ImportErrors, ShapesThatDoNotMatch) {
    EXPECT_THAT(conv({2, 3, 3, 3}).message(),
                StartsWith("node 'y_node' (Conv): weights of shape [2, 3, 3, 3] in 1 groups do not "
                           "match an input of shape [1, 2, 6, 6]"));
    EXPECT_THAT(conv({2, 2, 3}).message(), HasSubstr("Only 2-D convolution is supported"));
    EXPECT_THAT(conv({2, 2, 9, 3}).message(), HasSubstr("a window of 9 does not fit into 6"));
    EXPECT_THAT(conv().with("kernel_shape", {5, 5}).message(),
                HasSubstr("kernel_shape is 5x5 but the weights have 3x3"));
    EXPECT_THAT(gemm().with("transB", one).message(),
                HasSubstr("operands of shapes [1, 3] and [3, 2] do not match"));
    ModelBuilder bias = gemm();
    bias.reals("fc.bias", {3}, {1, 2, 3});
    bias.graph().mutable_node(0)->add_input("fc.bias");
    EXPECT_THAT(bias.message(), HasSubstr("C has shape [3]. It must be a constant of shape [2]"));
    ModelBuilder reshape({6});
    reshape.integers("s", {0, 5});
    reshape.node("Reshape", {"x", "s"}, "y");
    EXPECT_THAT(reshape.message(),
                HasSubstr("cannot give a tensor of shape [1, 6] the shape [1, 5]"));
    ModelBuilder add = conv();
    add.node("Add", {"x", "y"}, "z").graph().mutable_output(0)->set_name("z");
    EXPECT_THAT(add.message(), HasSubstr("shapes [1, 2, 6, 6] and [1, 2, 4, 4] do not match"));
}

TEST(ImportErrors, StoredSizes) {
    ModelBuilder model = gemm();
    model.graph().mutable_initializer(0)->mutable_raw_data()->pop_back();
    EXPECT_EQ(model.message(), "tensor 'fc.weight': holds 23 bytes, its shape [3, 2] needs 24");
    ModelBuilder huge = gemm();
    huge.graph().mutable_initializer(0)->set_dims(0, std::int64_t{1} << 40);
    EXPECT_THAT(huge.message(),
                StartsWith("tensor 'fc.weight' of shape [1099511627776, 2] has more"));
    ModelBuilder large = gemm();
    large.graph().mutable_initializer(0)->set_dims(0, std::int64_t{1} << 29);
    EXPECT_THAT(large.message(), HasSubstr("holds 24 bytes, its shape [536870912, 2] needs"));
    ModelBuilder negative = gemm();
    negative.graph().mutable_initializer(0)->set_dims(0, -3);
    EXPECT_THAT(negative.message(), StartsWith("tensor 'fc.weight' has an axis of extent -3."));
    ModelBuilder fields({6});
    fields.integers("s", {0, 6}).add_int64_data(3);
    fields.node("Reshape", {"x", "s"}, "y");
    EXPECT_THAT(fields.message(), StartsWith("tensor 's': holds 3 elements, its shape has 2"));
    ModelBuilder text = gemm();
    text.graph().mutable_initializer(0)->set_data_type(onnx::TensorProto::STRING);
    EXPECT_THAT(text.message(), StartsWith("tensor 'fc.weight': element type 8 is not supported."));
}

TEST(ImportErrors, GraphsThatAreNotGraphs) {
    ModelBuilder cycle({3});
    cycle.node("Add", {"x", "b"}, "a").node("Relu", {"a"}, "b").node("Relu", {"b"}, "y");
    EXPECT_EQ(cycle.message(),
              "node 'a_node' (Add): waits for its own output: the graph has a cycle");
    ModelBuilder missing({3});
    missing.node("Relu", {"z"}, "y");
    EXPECT_EQ(missing.message(), "node 'y_node' (Relu): reads 'z', which nothing defines");
    ModelBuilder twice({3});
    twice.node("Relu", {"x"}, "y").node("Relu", {"x"}, "y");
    EXPECT_EQ(twice.message(), "node 'y_node' (Relu): its output 'y' is defined twice");
}

TEST(ImportErrors, FormsThatAreNotSupported) {
    EXPECT_THAT(conv().with("auto_pad", "WIDE").message(), HasSubstr("unknown auto_pad."));
    EXPECT_THAT(conv().with("pads", {1, 1}).message(), HasSubstr("'pads' has 2 values."));
    EXPECT_THAT(conv().with("pads", {0, 0, -1, 0}).message(), HasSubstr("'pads' holds -1."));
    EXPECT_THAT(conv().with("strides", {0, 1}).message(), HasSubstr("'strides' holds 0."));
    EXPECT_THAT(conv().with("group", "two").message(), HasSubstr("'group' must be an integer"));
    EXPECT_THAT(gemm().with("transA", one).message(), EndsWith("transA = 1 is not supported"));
    EXPECT_THAT(pool("MaxPool").with("dilations", {2, 2}).message(),
                HasSubstr("dilations are not supported for pooling."));
    EXPECT_THAT(pool("AveragePool").with("pads", {2, 0, 0, 0}).message(),
                HasSubstr("with padding only"));
    ModelBuilder beyond({1, 5, 5});
    beyond.node("AveragePool", {"x"}, "y").with("kernel_shape", {3, 3}).with("pads", {1, 1, 0, 0});
    beyond.with("strides", {2, 2}).with("ceil_mode", one).with("count_include_pad", one);
    EXPECT_THAT(beyond.message(), HasSubstr("count_include_pad with ceil_mode"));
    ModelBuilder deep({4, 3, 3});
    deep.reals("w", {2, 3, 3}, std::vector<float>(18, 1.0F));
    deep.node("MatMul", {"x", "w"}, "y");
    EXPECT_THAT(deep.message(), HasSubstr("a constant right side must be a matrix"));
    ModelBuilder left({3, 3});
    left.reals("w", {2, 3, 3}, std::vector<float>(18, 1.0F));
    left.node("MatMul", {"w", "x"}, "y");
    EXPECT_THAT(left.message(), HasSubstr("its constant left side has shape [2, 3, 3]."));
    ModelBuilder pad({2, 3, 3});
    pad.integers("p", {0, 0, 1, 1, 0, 0, 1, 1});
    pad.node("Pad", {"x", "p"}, "y").with("mode", "reflect");
    EXPECT_THAT(pad.message(), HasSubstr("mode 'reflect' is not supported."));
    ModelBuilder sum({3, 3});
    sum.node("Einsum", {"x", "x"}, "y").with("equation", "bij,bjk->bi");
    EXPECT_THAT(sum.message(), HasSubstr("sums over an axis of one operand"));
    ModelBuilder power({3});
    power.reals("p", {}, {2.5F});
    power.node("Pow", {"x", "p"}, "y");
    EXPECT_THAT(power.message(), HasSubstr("its exponent must be the constant 1, 2, 3, 4, 0.5"));
    ModelBuilder where({3});
    where.node("Where", {"x", "x", "x"}, "y");
    EXPECT_THAT(where.message(), HasSubstr("its condition 'x' is computed from the image"));
}

TEST(ImportErrors, ElementwiseFormsThatAreNotSupported) {
    ModelBuilder clip({2});
    clip.reals("low", {}, {2});
    clip.reals("high", {}, {1});
    clip.node("Clip", {"x", "low", "high"}, "y");
    EXPECT_THAT(clip.message(), EndsWith("min 2 is above max 1"));
    ModelBuilder cast({2});
    cast.node("Cast", {"x"}, "a").with("to", std::int64_t{7}).node("Relu", {"a"}, "y");
    EXPECT_THAT(cast.message(), HasSubstr("only a Cast to float32 is supported"));
    ModelBuilder indices = pool("MaxPool");
    indices.graph().mutable_node(0)->add_output("indices");
    indices.node("Relu", {"indices"}, "z").graph().mutable_output(0)->set_name("z");
    EXPECT_THAT(indices.message(), HasSubstr("reads 'indices', a second output."));
}

// Means that the engine could not sum exactly are refused here, however they are written.
TEST(ImportErrors, MeansOfTooManyValues) {
    const auto pooled = [](const char* type) {
        ModelBuilder model({1, 1024, 1024});
        return model.node(type, {"x"}, "y");
    };
    const char* advice = "reduces 1048576 values to one. At most 262144 are supported";
    EXPECT_THAT(pooled("GlobalAveragePool").message(), HasSubstr(advice));
    EXPECT_THAT(pooled("ReduceMean").with("axes", {2, 3}).message(), HasSubstr(advice));
    EXPECT_THAT(pooled("ReduceMean").with("axes", {1, 2, 3}).message(), HasSubstr(advice));
    EXPECT_THAT(pooled("AveragePool").with("kernel_shape", {1024, 1024}).message(),
                HasSubstr(advice));
    EXPECT_EQ(pooled("GlobalMaxPool").message(), "imported");
}

TEST(ImportErrors, BatchNormalization) {
    ModelBuilder model({1, 2, 2});
    for (const char* name : {"g", "b", "m"}) model.reals(name, {1}, {1});
    model.reals("v", {1}, {-1});
    model.node("BatchNormalization", {"x", "g", "b", "m", "v"}, "y");
    EXPECT_THAT(model.message(), HasSubstr("of channel 0 is not positive"));
    model.with("training_mode", one);
    EXPECT_THAT(model.message(), HasSubstr("is in training mode."));
}

// Each Concat doubles its input: 60 of them would need 2^60 elements.
TEST(ImportErrors, GrowingConstants) {
    ModelBuilder model({3});
    model.integers("c0", {1});
    std::string from = "c0";
    for (int i = 0; i < 60; ++i) {
        const std::string to = fmt::format("c{}", i + 1);
        model.node("Concat", {from, from}, to).with("axis", std::int64_t{0});
        from = to;
    }
    model.node("Reshape", {"x", from}, "y");
    EXPECT_THAT(model.message(), HasSubstr("the graph computes too much on constants"));
}

}  // namespace
}  // namespace acim
