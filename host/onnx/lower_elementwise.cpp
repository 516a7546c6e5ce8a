// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "host/onnx/lowerings.hpp"

namespace acim::onnx_import {
namespace {

// Adding a constant is an affine map of scale 1, if the constant varies along one axis at most.
DraftAffine affine_of(const Node& node, const NodeList& list, std::size_t index,
                      const Shape& image) {
    const Constant& constant = finite_parameter(node, list, index, "constant");
    const Shape& shape = constant.shape;
    bool is_vector = shape.size() <= image.size() && elements(shape) > 0;
    int axis = -1;
    for (std::size_t i = 0; i < shape.size() && is_vector; ++i) {
        if (shape[i] == 1) continue;
        const int in_image = static_cast<int>(i + image.size() - shape.size());
        is_vector = axis < 0 && image[in_image] == shape[i];
        axis = in_image;
    }
    if (!is_vector)
        node.fail(
            fmt::format("adds a constant of shape {} to {}. Only a scalar or one value per "
                        "channel is supported",
                        shape_text(shape), shape_text(image)));
    DraftAffine affine;
    affine.axis = axis < 0 ? 1 : axis;
    affine.shift.assign(constant.reals->begin(), constant.reals->end());
    affine.scale.assign(affine.shift.size(), 1.0);
    return affine;
}

// A bound of Clip: input 1 or 2, or the attribute of opset 6. Infinite means none.
float clip_bound(const Node& node, const NodeList& list, std::size_t index, const char* key,
                 float none) {
    float bound = node.real(key, none);
    if (!node.input(index).empty()) {
        const Constant* constant = list.constant(node, index, key);
        if (!constant->is_real() || constant->reals->size() != 1)
            node.fail(fmt::format("{} must be one float", key));
        bound = constant->reals->front();
    }
    if (std::isnan(bound)) node.fail(fmt::format("{} is NaN", key));
    return std::isinf(bound) ? std::copysign(std::numeric_limits<float>::max(), bound) : bound;
}

}  // namespace

void lower_add(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& a = list.shape(node, 0);
    const Shape& b = list.shape(node, 1);
    if (list.is_constant(node.input(1))) {
        out.op = affine_of(node, list, 1, a);
        return;
    }
    if (list.is_constant(node.input(0))) {
        out.op = affine_of(node, list, 0, b);
        out.inputs = {node.input(1)};
        return;
    }
    const bool is_b_single = elements(b) == 1 && b.size() <= a.size();
    const bool is_a_single = elements(a) == 1 && a.size() <= b.size();
    if (a != b && !is_a_single && !is_b_single)
        node.fail(
            fmt::format("adds tensors of shapes {} and {}. They must be equal, or one of them "
                        "a single value",
                        shape_text(a), shape_text(b)));
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
