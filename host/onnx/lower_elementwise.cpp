// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "host/onnx/lowerings.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

// The axis along which a constant varies, if it varies along one at most and keeps the image's shape;
// axis 1 for a single value.
std::optional<int> vector_axis(const Constant& constant, const Shape& image) {
    const Shape& shape = constant.shape;
    if (shape.size() > image.size() || elements(shape) == 0) return std::nullopt;
    int axis = -1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 1) continue;
        const int in_image = static_cast<int>(i + image.size() - shape.size());
        if (axis >= 0 || image[in_image] != shape[i]) return std::nullopt;
        axis = in_image;
    }
    return axis < 0 ? 1 : axis;
}

// A constant operand makes sums, differences, products and quotients affine maps, if it varies along
// one axis at most. Others and infinite ones (masks) stay operands.
std::optional<DraftAffine> affine_of(const Node& node, const NodeList& list, std::size_t index,
                                     const Shape& image) {
    const Constant& constant = *list.constant(node, index, "constant");
    if (!constant.is_real()) node.fail("computes with a constant that is not of floats");
    const std::optional<int> axis = vector_axis(constant, image);
    const std::vector<float>& values = *constant.reals;
    const bool has_infinite =
        std::any_of(values.begin(), values.end(), [](float v) { return std::isinf(v); });
    if (!axis || (has_infinite && values.size() > 1)) return std::nullopt;
    finite_parameter(node, list, index, "constant");
    DraftAffine affine;
    affine.axis = *axis;
    for (const float value : values) {
        const auto c = static_cast<double>(value);
        const bool is_left = index == 0;
        if (node.type == "Mul" || node.type == "Div") {
            const double scale = node.type == "Mul" ? c : 1.0 / c;
            if ((node.type == "Div" && is_left) || !std::isfinite(static_cast<float>(scale)))
                return std::nullopt;
            affine.scale.push_back(scale);
            affine.shift.push_back(0.0);
        } else {
            const bool is_difference = node.type == "Sub";
            affine.scale.push_back(is_difference && is_left ? -1.0 : 1.0);
            affine.shift.push_back(is_difference && !is_left ? -c : c);
        }
    }
    return affine;
}

// One number that bounds another: Clip. True if that is what the node is.
bool lower_to_clip(const Node& node, const NodeList& list, std::size_t index, const Shape& image,
                   DraftOperator& out) {
    const std::optional<float> bound = list.real_number(node.input(index));
    if (!bound || list.shape(node, index).size() > image.size() || !std::isfinite(*bound))
        return false;
    Clip clip;
    clip.low = node.type == "Max" ? *bound : std::numeric_limits<float>::lowest();
    clip.high = node.type == "Min" ? *bound : std::numeric_limits<float>::max();
    out.op = clip;
    return true;
}

BinaryKind kind_of(const std::string& type) {
    static const std::map<std::string, BinaryKind> kinds{
        {"Add", BinaryKind::add},     {"Div", BinaryKind::divide},   {"Max", BinaryKind::maximum},
        {"Min", BinaryKind::minimum}, {"Mul", BinaryKind::multiply}, {"Sub", BinaryKind::subtract}};
    return kinds.at(type);
}

void lower_to_binary(const Node& node, const NodeList& list, DraftOperator& out) {
    Binary binary = make_binary(kind_of(node.type), list.values.at(node.outputs.front()).shape,
                                list.shape(node, 0), list.shape(node, 1));
    if (binary.extents.size() > 5) node.fail("broadcasts over more than 5 axes");
    out.op = std::move(binary);
    out.inputs = {node.input(0), node.input(1)};
}

// A bound of Clip: input 1 or 2, or the attribute of opset 6. Infinite means none.
float clip_bound(const Node& node, const NodeList& list, std::size_t index, const char* key,
                 float none) {
    float bound = node.real(key, none);
    if (list.constant(node, index, key)) {
        const std::optional<float> stated = list.real_number(node.input(index));
        if (!stated) node.fail(fmt::format("{} must be one float", key));
        bound = *stated;
    }
    if (std::isnan(bound)) node.fail(fmt::format("{} is NaN", key));
    return std::isinf(bound) ? std::copysign(std::numeric_limits<float>::max(), bound) : bound;
}

}  // namespace

void lower_arithmetic(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& a = list.shape(node, 0);
    const Shape& b = list.shape(node, 1);
    for (const std::size_t i : {1U, 0U}) {
        if (!list.is_constant(node.input(i)) || list.is_constant(node.input(1 - i))) continue;
        out.inputs = {node.input(1 - i)};
        const Shape& image = i == 1 ? a : b;
        if (node.type == "Min" || node.type == "Max") {
            if (lower_to_clip(node, list, i, image, out)) return;
        } else if (auto affine = affine_of(node, list, i, image)) {
            out.op = std::move(*affine);
            return;
        }
        const bool is_one = list.real_number(node.input(i)) == 1.0F && a.size() <= b.size();
        if (node.type == "Div" && i == 0 && is_one) {
            out.op = Function{-1, -1, FunctionKind::reciprocal, 0.0F, 0.0F};
            return;
        }
    }
    const bool is_b_single = elements(b) == 1 && b.size() <= a.size();
    const bool is_a_single = elements(a) == 1 && a.size() <= b.size();
    const bool is_computed = !list.is_constant(node.input(0)) && !list.is_constant(node.input(1));
    if (node.type != "Add" || !is_computed || (a != b && !is_a_single && !is_b_single))
        return lower_to_binary(node, list, out);
    out.op = Add();
    out.inputs = {node.input(0), node.input(1)};
    if (a != b && !is_b_single) std::swap(out.inputs[0], out.inputs[1]);
}

void lower_batch_normalization(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& image = list.shape(node, 0);
    if (image.size() < 2) node.fail("its input has no channel axis");
    if (node.integer("training_mode", 0) != 0)
        node.fail("is in training mode. Export the model in evaluation mode");
    const auto channels = static_cast<std::size_t>(image[1]);
    const auto gamma = finite_vector(node, list, 1, "scale", channels);
    const auto beta = finite_vector(node, list, 2, "bias", channels);
    const auto mean = finite_vector(node, list, 3, "mean", channels);
    const auto variance = finite_vector(node, list, 4, "variance", channels);
    const double epsilon = node.real("epsilon", 1e-5F);
    DraftAffine affine;
    for (std::size_t c = 0; c < channels; ++c) {
        // y = gamma * (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015).
        const double power = variance[c] + epsilon;
        if (!(power > 0.0) || !std::isfinite(power))
            node.fail(fmt::format("variance {} plus epsilon {} of channel {} is not positive",
                                  variance[c], epsilon, c));
        const double scale = gamma[c] / std::sqrt(power);
        affine.scale.push_back(scale);
        affine.shift.push_back(beta[c] - mean[c] * scale);
    }
    out.op = std::move(affine);
}

void lower_clip(const Node& node, const NodeList& list, DraftOperator& out) {
    Clip clip;
    clip.low = clip_bound(node, list, 1, "min", std::numeric_limits<float>::lowest());
    clip.high = clip_bound(node, list, 2, "max", std::numeric_limits<float>::max());
    if (clip.low > clip.high) node.fail(fmt::format("min {} is above max {}", clip.low, clip.high));
    out.op = clip;
}

void lower_relu(const Node&, const NodeList&, DraftOperator& out) { out.op = Relu(); }

void lower_view(const Node&, const NodeList&, DraftOperator& out) { out.op = View(); }

}  // namespace acim::onnx_import
