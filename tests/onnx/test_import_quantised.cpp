// SPDX-License-Identifier: Apache-2.0
// What files state about integers reaches the products; the rest is refused with a reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/model/digital/quantise.hpp"
#include "host/onnx/import.hpp"
#include "tests/onnx/model_builder.hpp"

namespace acim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const FloatProduct& product(const FloatGraph& graph, const std::string& name) {
    for (const FloatOperator& op : graph.operators)
        if (op.name == name) return std::get<FloatProduct>(op.op);
    throw std::out_of_range(name);
}

FloatGraph fixture(const std::string& name) { return import_onnx(fixture_path(name)); }

onnx::TensorProto& int8(ModelBuilder& model, const std::string& name,
                        std::vector<std::int64_t> shape, const std::vector<int>& values,
                        onnx::TensorProto::DataType type = onnx::TensorProto::INT8) {
    auto& tensor = *model.graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t extent : shape) tensor.add_dims(extent);
    for (const int value : values) tensor.add_int32_data(value);
    return tensor;
}

// A Gemm [2, 3] with int8 weights, a scale per output, and an affine map behind it.
ModelBuilder scaled_gemm(const std::vector<float>& factors) {
    ModelBuilder model({3});
    int8(model, "w", {2, 3}, {-127, 3, 0, 5, 127, -64});
    model.reals("s", {2}, {0.25F, 0.1F}).set_data_type(onnx::TensorProto::FLOAT);
    model.reals("f", {2}, factors);
    model.node("DequantizeLinear", {"w", "s"}, "fc.weight").with("axis", std::int64_t{0});
    model.node("Gemm", {"x", "fc.weight"}, "g").with("transB", std::int64_t{1});
    model.node("Mul", {"g", "f"}, "y");
    return model;
}

std::vector<int> integers_of(const FloatProduct& p) {
    std::vector<int> out;
    const auto& scale = p.weight_quantisation.scale;
    for (std::size_t i = 0; i < p.weights.size(); ++i) {
        const std::size_t m = scale.size() == 1 ? 0 : i / static_cast<std::size_t>(p.depth);
        out.push_back(digital::quantise(p.weights[i], scale[m], -127, 127));
    }
    return out;
}

// The integers stay what they are whatever is folded behind; a negative factor turns their sign.
TEST(ImportQuantised, FoldingKeepsTheIntegers) {
    const FloatGraph graph = scaled_gemm({3.7F, -0.01F}).import();
    ASSERT_EQ(graph.operators.size(), 1U);
    const auto& p = std::get<FloatProduct>(graph.operators[0].op);
    EXPECT_EQ(p.weight_quantisation.bits, 8);
    EXPECT_TRUE(p.weight_quantisation.is_signed);
    EXPECT_FLOAT_EQ(p.weight_quantisation.scale.at(0), 0.25F * 3.7F);
    EXPECT_FLOAT_EQ(p.weight_quantisation.scale.at(1), 0.1F * 0.01F);
    EXPECT_THAT(integers_of(p), ElementsAre(-127, 3, 0, -5, -127, 64));
    const FloatGraph zero = scaled_gemm({0.0F, 1.0F}).import();
    EXPECT_FLOAT_EQ(std::get<FloatProduct>(zero.operators[0].op).weight_quantisation.scale.at(0),
                    0.25F);
}

TEST(ImportQuantised, FixturesStateTheirBits) {
    for (const char* name : {"quantised_qcdq_opset13", "quantised_quant_opset13"}) {
        const FloatGraph graph = fixture(name);
        const FloatProduct& conv = product(graph, "conv");
        EXPECT_EQ(conv.input_quantisation.bits, 5) << name;
        EXPECT_TRUE(conv.input_quantisation.is_signed);
        EXPECT_EQ(conv.weight_quantisation.bits, 4);
        EXPECT_THAT(conv.weight_quantisation.scale, ElementsAre(0.1F));
        EXPECT_EQ(product(graph, "fc").weight_quantisation.bits, 3);
        EXPECT_FALSE(product(graph, "fc").input_quantisation.is_signed);
    }
    const FloatGraph qdq = fixture("quantised_qdq_opset17");
    EXPECT_EQ(product(qdq, "conv").weight_quantisation.scale.size(), 4U);
    // uint8 around 117: signed integers from -117 to 138 need nine bits and a Clip in front.
    EXPECT_EQ(product(qdq, "conv").input_quantisation.bits, 9);
    EXPECT_TRUE(std::holds_alternative<Clip>(qdq.operators[0].op));
    const FloatGraph attention = fixture("quantised_qdq_attention_opset13");
    EXPECT_EQ(product(attention, "qk").weight_quantisation.bits, 8);
    EXPECT_TRUE(product(attention, "qk").weight_quantisation.is_signed);
    EXPECT_FALSE(product(attention, "av").input_quantisation.is_signed);
}

TEST(ImportQuantised, IntegersOfTheFileAreKept) {
    const FloatGraph graph = fixture("quantised_current_int8_opset19");
    const FloatProduct& fc1 = product(graph, "fc1");
    EXPECT_EQ(fc1.weight_quantisation.scale.size(), 6U);
    for (std::size_t i = 0; i < fc1.weights.size(); ++i) {
        const float scale = fc1.weight_quantisation.scale[i / 3];
        const int q = digital::quantise(fc1.weights[i], scale, -127, 127);
        EXPECT_EQ(fc1.weights[i], static_cast<float>(q) * scale);
    }
}

// Elsewhere than in front of a product the values are rounded on the way.
TEST(ImportQuantised, OtherPlacesRequantise) {
    ModelBuilder model({3});
    model.reals("s", {}, {0.5F});
    int8(model, "z", {}, {0}, onnx::TensorProto::UINT8);
    model.node("QuantizeLinear", {"x", "s", "z"}, "q");
    model.node("DequantizeLinear", {"q", "s", "z"}, "d").node("Relu", {"d"}, "y");
    const FloatGraph graph = model.import();
    const Quantisation q = std::get<Requantise>(graph.operators.at(0).op).quantisation;
    EXPECT_EQ(q.bits, 8);
    EXPECT_FALSE(q.is_signed);
    EXPECT_EQ(q.scale, 0.5F);
}

TEST(ImportQuantised, RefusalsSayWhatIsPossible) {
    ModelBuilder wide = scaled_gemm({1, 1});
    wide.graph().mutable_initializer(0)->set_data_type(onnx::TensorProto::UINT8);
    for (const int i : {0, 5}) wide.graph().mutable_initializer(0)->set_int32_data(i, 200);
    EXPECT_THAT(wide.message(), HasSubstr("quantised to integers from 0 to 255. Cells hold -127"));
    ModelBuilder axis = scaled_gemm({1, 1});
    axis.graph().mutable_initializer(1)->set_dims(0, 3);
    const float scales[] = {1.0F, 2.0F, 3.0F};
    axis.graph().mutable_initializer(1)->set_raw_data(scales, sizeof(scales));
    axis.graph().mutable_node(0)->mutable_attribute(0)->set_i(1);
    EXPECT_THAT(axis.message(), HasSubstr("have a scale per index of axis 1."));
    ModelBuilder negative = scaled_gemm({1, 1});
    const float bad[] = {-1.0F, 1.0F};
    negative.graph().mutable_initializer(1)->set_raw_data(bad, sizeof(bad));
    EXPECT_THAT(negative.message(), HasSubstr("its scale holds -1. Scales are positive"));
    ModelBuilder between({3});
    between.reals("s", {}, {0.5F});
    between.node("QuantizeLinear", {"x", "s"}, "q").node("Relu", {"q"}, "r");
    between.node("DequantizeLinear", {"r", "s"}, "y");
    EXPECT_THAT(between.message(), HasSubstr("computes on 'q', the integers of QuantizeLinear."));
    ModelBuilder other({3});
    other.reals("s", {}, {0.5F});
    other.reals("t", {}, {0.25F});
    other.node("QuantizeLinear", {"x", "s"}, "q").node("DequantizeLinear", {"q", "t"}, "y");
    EXPECT_THAT(other.message(), HasSubstr("differs from that of QuantizeLinear"));
    ModelBuilder open({3});
    open.reals("s", {}, {0.5F});
    open.node("QuantizeLinear", {"x", "s"}, "y");
    EXPECT_EQ(open.message(),
              "output 'y' holds the integers of QuantizeLinear. End the model with "
              "DequantizeLinear");
}

}  // namespace
}  // namespace acim
