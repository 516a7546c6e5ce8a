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

// Integers w, dequantised by scales s along an axis, stand in the weights [2, 3] of a Gemm after `move`
// adds its nodes between "d" and "m".
template <class Move>
ModelBuilder moved_gemm(std::vector<std::int64_t> shape, std::vector<float> scales,
                        std::int64_t axis, Move move) {
    ModelBuilder model({3});
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<int> values;
    for (int i = 0; i < count; ++i) values.push_back((i * 37) % 255 - 127);
    int8(model, "w", std::move(shape), values);
    const auto size = static_cast<std::int64_t>(scales.size());
    model.reals("s", {size}, scales);
    for (const std::int64_t n : {0, 1, 2, 3}) model.integers(std::to_string(n), {n});
    model.integers("shape", {2, 3});
    model.node("DequantizeLinear", {"w", "s"}, "d").with("axis", axis);
    move(model);
    model.node("Gemm", {"x", "m"}, "y").with("transB", std::int64_t{1});
    return model;
}

constexpr std::int64_t zero = 0;

std::vector<float> moved_scales(const ModelBuilder& model) {
    const FloatGraph graph = model.import();
    const StatedQuantisation stated =
        std::get<FloatProduct>(graph.operators.at(0).op).weight_quantisation;
    EXPECT_EQ(stated.bits, 8);
    return stated.scale;
}

TEST(ImportQuantised, MovedWeightsKeepOneScale) {
    const auto reshape = [](ModelBuilder& m) { m.node("Reshape", {"d", "shape"}, "m"); };
    EXPECT_THAT(moved_scales(moved_gemm({6}, {0.5F}, 0, reshape)), ElementsAre(0.5F));
    const auto cast = [](ModelBuilder& m) {
        m.node("Cast", {"d"}, "m").with("to", std::int64_t{1});
    };
    EXPECT_THAT(moved_scales(moved_gemm({2, 3}, {0.5F}, 0, cast)), ElementsAre(0.5F));
    const auto concat = [](ModelBuilder& m) {
        m.node("Concat", {"d", "d"}, "m").with("axis", zero);
    };
    EXPECT_THAT(moved_scales(moved_gemm({1, 3}, {0.5F}, 0, concat)), ElementsAre(0.5F));
    const auto gather = [](ModelBuilder& m) {
        m.integers("i", {0, 3, 1}).add_dims(1);
        m.node("Gather", {"d", "i"}, "g").with("axis", std::int64_t{1});
        m.node("Reshape", {"g", "shape"}, "m");
    };
    EXPECT_THAT(moved_scales(moved_gemm({2, 4}, {0.5F}, 0, gather)), ElementsAre(0.5F));
}

TEST(ImportQuantised, MovedWeightsKeepTheirScalesPerChannel) {
    const auto turn = [](ModelBuilder& m) {
        m.node("Transpose", {"d"}, "m").with("perm", {-1, -2});
    };
    EXPECT_THAT(moved_scales(moved_gemm({3, 2}, {0.5F, 0.25F}, 1, turn)), ElementsAre(0.5F, 0.25F));
    const auto turned_view = [](ModelBuilder& m) {
        m.node("Transpose", {"d"}, "t").with("perm", {-1, 0, -2});
        m.node("Reshape", {"t", "shape"}, "m");
    };
    EXPECT_THAT(moved_scales(moved_gemm({3, 1, 2}, {0.5F, 0.25F}, 2, turned_view)),
                ElementsAre(0.5F, 0.25F));
    const auto cut = [](ModelBuilder& m) { m.node("Slice", {"d", "1", "3"}, "m"); };
    EXPECT_THAT(moved_scales(moved_gemm({4, 3}, {1.0F, 0.5F, 0.25F, 2.0F}, 0, cut)),
                ElementsAre(0.5F, 0.25F));
    const auto across = [](ModelBuilder& m) { m.node("Slice", {"d", "1", "3", "1"}, "m"); };
    ModelBuilder narrow = moved_gemm({2, 3}, {0.5F, 0.25F}, 0, across);
    narrow.graph()
        .mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(1)
        ->set_dim_value(2);
    EXPECT_THAT(moved_scales(narrow), ElementsAre(0.5F, 0.25F));
    const auto split = [](ModelBuilder& m) {
        m.node("Split", {"d"}, "other").graph().mutable_node(1)->add_output("m");
    };
    EXPECT_THAT(moved_scales(moved_gemm({4, 3}, {1.0F, 0.5F, 0.25F, 2.0F}, 0, split)),
                ElementsAre(0.25F, 2.0F));
    const auto gather = [](ModelBuilder& m) {
        m.integers("i", {3, 1});
        m.node("Gather", {"d", "i"}, "m");
    };
    EXPECT_THAT(moved_scales(moved_gemm({4, 3}, {1.0F, 0.5F, 0.25F, 2.0F}, 0, gather)),
                ElementsAre(2.0F, 0.5F));
    const auto one = [](ModelBuilder& m) {
        m.integers("i", {1}).clear_dims();
        m.node("Gather", {"d", "i"}, "m");
    };
    EXPECT_THAT(moved_scales(moved_gemm({4, 2, 3}, {1.0F, 0.5F, 0.25F, 2.0F}, 0, one)),
                ElementsAre(0.5F));
}

// What loses the integers is refused where a layer reads them, and only there.
TEST(ImportQuantised, LostIntegersOfWeightsAreRefused) {
    const char* advice = "integers are lost. Quantise them as the layer reads them";
    const auto mix = [](ModelBuilder& m) { m.node("Reshape", {"d", "shape"}, "m"); };
    EXPECT_THAT(moved_gemm({6}, {1, 2, 3, 4, 5, 6}, 0, mix).message(), HasSubstr(advice));
    const auto twice = [](ModelBuilder& m) { m.node("Add", {"d", "d"}, "m"); };
    EXPECT_THAT(moved_gemm({2, 3}, {0.5F}, 0, twice).message(), HasSubstr(advice));
    const auto mixed = [](ModelBuilder& m) {
        m.reals("r", {1, 3}, {1, 2, 3});
        m.node("Concat", {"r", "d"}, "m").with("axis", zero);
    };
    EXPECT_THAT(moved_gemm({1, 3}, {0.5F}, 0, mixed).message(), HasSubstr(advice));
    const auto uneven = [](ModelBuilder& m) {
        m.integers("i", {0, 1, 3});
        m.node("Gather", {"d", "i"}, "m").with("axis", std::int64_t{1});
    };
    EXPECT_THAT(moved_gemm({2, 4}, {1, 2, 3, 4}, 1, uneven).message(), HasSubstr(advice));
}

// Integers that no grid follows are what the DequantizeLinear behind them says.
TEST(ImportQuantised, IntegersMayMoveBeforeTheyAreDequantised) {
    ModelBuilder model({3});
    model.reals("w", {6}, {0, 1, 2, 250, 4, 500});
    model.reals("s", {6}, {1, 1, 1, 1, 1, 2});
    model.reals("t", {}, {1});
    int8(model, "z", {}, {128}, onnx::TensorProto::UINT8);
    model.integers("shape", {2, 3});
    model.node("QuantizeLinear", {"w", "s", "z"}, "q").with("axis", zero);
    model.node("Reshape", {"q", "shape"}, "r").node("DequantizeLinear", {"r", "t", "z"}, "m");
    model.node("Gemm", {"x", "m"}, "y").with("transB", std::int64_t{1});
    EXPECT_THAT(std::get<FloatProduct>(model.import().operators.at(0).op).weights,
                ElementsAre(0, 1, 2, 127, 4, 127));
    ModelBuilder plain({3});
    plain.reals("w", {6}, {0, 1, 2, 250, 4, 500});
    plain.reals("s", {6}, {1, 1, 1, 1, 1, 2});
    plain.reals("t", {}, {1});
    plain.integers("shape", {2, 3});
    plain.node("QuantizeLinear", {"w", "s"}, "q").with("axis", zero);
    plain.node("Reshape", {"q", "shape"}, "r").node("DequantizeLinear", {"r", "t"}, "m");
    plain.node("Add", {"x", "m"}, "y");  // uint8: 250 is none of int8
    EXPECT_EQ(std::get<acim::Constant>(plain.import().operators.at(0).op).values,
              (std::vector<float>{0, 1, 2, 250, 4, 250}));
}

// A zero point may be stated per channel; each node that reads a long one pays for it.
TEST(ImportQuantised, LongZeroPointsArePaidFor) {
    ModelBuilder model({3});
    model.reals("s", {}, {1});
    int8(model, "w", {3}, {1, 2, 3});
    int8(model, "z", {1 << 20}, std::vector<int>(1 << 20, 0));
    std::string from = "x";
    for (int i = 0; i < 30; ++i) {
        const std::string part = "d" + std::to_string(i), sum = "s" + std::to_string(i);
        model.node("DequantizeLinear", {"w", "s", "z"}, part).node("Add", {from, part}, sum);
        from = sum;
    }
    model.graph().mutable_output(0)->set_name(from);
    EXPECT_THAT(model.message(), HasSubstr("the graph computes too much on constants"));
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
    ModelBuilder channels({3});
    channels.reals("s", {3}, {0.5F, 0.25F, 1.0F});
    channels.node("QuantizeLinear", {"x", "s"}, "q").node("DequantizeLinear", {"q", "s"}, "y");
    EXPECT_THAT(
        channels.message(),
        HasSubstr("'q_node' (QuantizeLinear): has a scale per channel on computed values."));
    ModelBuilder bound({3});
    bound.reals("s", {}, {0.5F});
    bound.reals("low", {}, {0.5F});
    bound.node("QuantizeLinear", {"x", "s"}, "q").node("Clip", {"q", "low"}, "c");
    bound.node("DequantizeLinear", {"c", "s"}, "y");
    EXPECT_THAT(bound.message(), HasSubstr("(Clip): its bound must be one integer for all"));
    ModelBuilder open({3});
    open.reals("s", {}, {0.5F});
    open.node("QuantizeLinear", {"x", "s"}, "y");
    EXPECT_EQ(open.message(),
              "output 'y' holds the integers of QuantizeLinear. End the model with "
              "DequantizeLinear");
}

}  // namespace
}  // namespace acim
