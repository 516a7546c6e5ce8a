// SPDX-License-Identifier: Apache-2.0
// Functions of one value, and norms along an axis.
#include <fmt/format.h>

#include <cmath>

#include "cuda/model/digital/layer_norm.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

// The function of a node and the defaults of its attributes alpha and beta.
struct FunctionRule {
    FunctionKind kind;
    float alpha = 0.0F, beta = 0.0F;
};

const std::map<std::string, FunctionRule>& functions() {
    static const std::map<std::string, FunctionRule> table{
        {"Abs", {FunctionKind::absolute}},
        {"Elu", {FunctionKind::elu, 1.0F}},
        {"Erf", {FunctionKind::erf}},
        {"Exp", {FunctionKind::exp}},
        {"Gelu", {FunctionKind::gelu}},
        {"HardSigmoid", {FunctionKind::hard_sigmoid, 0.2F, 0.5F}},
        {"HardSwish", {FunctionKind::hard_swish}},
        {"LeakyRelu", {FunctionKind::leaky_relu, 0.01F}},
        {"Log", {FunctionKind::log}},
        {"Reciprocal", {FunctionKind::reciprocal}},
        {"Sigmoid", {FunctionKind::sigmoid}},
        {"Sqrt", {FunctionKind::sqrt}},
        {"Tanh", {FunctionKind::tanh}},
        {"acim.Silu", {FunctionKind::silu}}};
    return table;
}

// Elements of one line of a norm from `axis` on.
std::size_t line_length(const Node& node, const Shape& shape, int axis) {
    const std::int64_t length = elements({shape.begin() + axis, shape.end()});
    if (length > digital::norm_length_limit)
        node.fail(fmt::format("normalises {} values. At most {} are supported", length,
                              digital::norm_length_limit));
    return static_cast<std::size_t>(length);
}

float epsilon_of(const Node& node) {
    const float epsilon = node.real("epsilon", 1e-5F);
    if (!(epsilon >= 0.0F) || !std::isfinite(epsilon))
        node.fail(fmt::format("epsilon is {}. It must be 0 or more", epsilon));
    return epsilon;
}

}  // namespace

std::vector<std::string> function_types() {
    std::vector<std::string> types;
    for (const auto& [name, rule] : functions()) types.push_back(name);
    return types;
}

void lower_function(const Node& node, const NodeList&, DraftOperator& out) {
    const FunctionRule& rule = functions().at(node.type);
    Function function;
    function.kind = rule.kind;
    if (rule.alpha != 0.0F) function.a = node.real("alpha", rule.alpha);
    if (rule.beta != 0.0F) function.b = node.real("beta", rule.beta);
    if (!std::isfinite(function.a) || !std::isfinite(function.b))
        node.fail("a parameter is not finite");
    if (node.type == "Gelu") {
        const std::string form = node.text("approximate", "none");
        if (form != "none" && form != "tanh")
            node.fail(fmt::format("approximate '{}' is neither none nor tanh", printable(form)));
        if (form == "tanh") function.kind = FunctionKind::gelu_tanh;
    }
    out.op = function;
}

void lower_layer_norm(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& shape = list.shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", -1), shape.size());
    const std::size_t length = line_length(node, shape, axis);
    DraftNorm norm;
    norm.epsilon = epsilon_of(node);
    norm.scale = finite_vector(node, list, 1, "scale", length);
    norm.shift.assign(length, 0.0);
    if (!node.input(2).empty()) norm.shift = finite_vector(node, list, 2, "bias", length);
    out.op = std::move(norm);
}

void lower_requantise(const Node& node, const NodeList&, DraftOperator& out) {
    Requantise requantise;
    requantise.quantisation.bits = static_cast<int>(node.integer("bits", 8));
    requantise.quantisation.is_signed = node.integer("signed", 1) != 0;
    requantise.quantisation.scale = node.real("scale", 1.0F);
    out.op = requantise;
}

void lower_rms_norm(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& shape = list.shape(node, 0);
    DraftNorm norm;
    norm.is_centred = false;
    norm.epsilon = epsilon_of(node);
    norm.scale.assign(
        line_length(node, shape, normal_axis(node, node.integer("axis", -1), shape.size())), 1.0);
    norm.shift.assign(norm.scale.size(), 0.0);
    out.op = std::move(norm);
}

void lower_softmax(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& shape = list.shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", -1), shape.size());
    constexpr int most = 1 << 22;
    if (shape[axis] > most) node.fail(fmt::format("acts over {} values", shape[axis]));
    Softmax softmax;
    softmax.length = shape[axis];
    softmax.inner = static_cast<int>(elements({shape.begin() + axis + 1, shape.end()}));
    softmax.is_log = node.type == "LogSoftmax";
    out.op = softmax;
}

}  // namespace acim::onnx_import
