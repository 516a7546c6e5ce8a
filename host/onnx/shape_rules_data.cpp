// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/shape_rules_data.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/movement.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {

Shape broadcast_shape(const Node& node, const Shape& a, const Shape& b) {
    Shape out(std::max(a.size(), b.size()), 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int x = i < a.size() ? a[a.size() - 1 - i] : 1;
        const int y = i < b.size() ? b[b.size() - 1 - i] : 1;
        if (x != y && (std::min(x, y) != 1))
            node.fail(fmt::format("shapes {} and {} do not match", shape_text(a), shape_text(b)));
        out[out.size() - 1 - i] = std::max(x, y);
    }
    constant_elements({out.begin(), out.end()}, node.place() + ": its output");
    return out;
}

std::vector<std::int64_t> broadcast_strides(const Shape& operand, const Shape& out) {
    std::vector<std::int64_t> strides(out.size(), 0);
    const std::vector<std::int64_t> own = strides_of(operand);
    const std::size_t added = out.size() - operand.size();
    for (std::size_t i = 0; i < operand.size(); ++i)
        if (operand[i] != 1) strides[added + i] = own[i];
    return strides;
}

Shape concat_shape(const Node& node, const NodeList& list) {
    if (node.inputs.empty()) node.fail("joins nothing");
    const Shape& first = list.shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", 0), first.size());
    std::vector<std::int64_t> extents(first.begin(), first.end());
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        Shape part = list.shape(node, i);
        const bool has_rank = part.size() == first.size();
        if (has_rank) {
            extents[axis] += part[axis];
            part[axis] = first[axis];
        }
        if (part != first)
            node.fail(fmt::format("joins shapes {} and {} along axis {}", shape_text(first),
                                  shape_text(list.shape(node, i)), axis));
    }
    constant_elements(extents, node.place() + ": its output");
    return to_shape(extents);
}

Shape gather_shape(const Node& node, const NodeList& list) {
    const Shape& data = list.shape(node, 0);
    if (!list.is_constant(node.input(0))) return movement_of(node, list).shape;
    if (data.size() != 2 || normal_axis(node, node.integer("axis", 0), 2) != 0)
        node.fail(
            fmt::format("chooses from a constant of shape {}. Rows of a matrix [rows, width] are "
                        "supported, axis 0",
                        shape_text(data)));
    Shape out = list.shape(node, 1);
    out.push_back(data[1]);
    return out;
}

PadExtents pad_extents(const Node& node, const NodeList& list) {
    const std::size_t rank = list.shape(node, 0).size();
    const auto pads = integer_list(node, list, 1, "pads");
    std::vector<std::int64_t> axes;
    if (node.input(3).empty())
        for (std::size_t i = 0; i < rank; ++i) axes.push_back(static_cast<std::int64_t>(i));
    else
        axes = integer_list(node, list, 3, "axes");
    if (pads.size() != 2 * axes.size()) node.fail("has not two pads per axis");
    PadExtents out{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0)};
    for (std::size_t i = 0; i < axes.size(); ++i) {
        constexpr std::int64_t most = std::int64_t{1} << 20;
        const std::int64_t begin = pads[i], end = pads[i + axes.size()];
        if (begin > most || end > most || begin < -most || end < -most)
            node.fail(fmt::format("pads by {} and {}", begin, end));
        const int axis = normal_axis(node, axes[i], rank);
        out.begin[axis] = begin;
        out.end[axis] = end;
    }
    return out;
}

Shape pad_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    const std::string mode = node.text("mode", "constant");
    if (mode != "constant")
        node.fail(fmt::format("mode '{}' is not supported. Pad with a constant", printable(mode)));
    const PadExtents pads = pad_extents(node, list);
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        out.push_back(in[i] + pads.begin[i] + pads.end[i]);
        if (pads.begin[i] < -in[i] || pads.end[i] < -in[i] || out.back() < 1)
            node.fail(fmt::format("cuts axis {} of shape {} to nothing", i, shape_text(in)));
    }
    return to_shape(out);
}

const std::vector<std::string>& same_shape_types() {
    static const std::vector<std::string> types{"Abs",        "BatchNormalization",
                                                "Clip",       "Elu",
                                                "Erf",        "Exp",
                                                "Gelu",       "HardSigmoid",
                                                "HardSwish",  "LayerNormalization",
                                                "LeakyRelu",  "Log",
                                                "LogSoftmax", "Reciprocal",
                                                "Relu",       "Sigmoid",
                                                "Softmax",    "Sqrt",
                                                "Tanh",       "acim.Requantise"};
    return types;
}

}  // namespace acim::onnx_import
