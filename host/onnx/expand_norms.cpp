// SPDX-License-Identifier: Apache-2.0
// Reductions and norms over groups.
#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/expansions.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;

std::string ones(const Node& node, Expansion& out, const Shape& shape) {
    out.list().spend(node, elements(shape));
    return out.constant(
        real_constant(shape, std::vector<float>(static_cast<std::size_t>(elements(shape)), 1.0F)));
}

// A parameter of `count` values along axis 1 of a tensor of this rank.
std::string along_channels(const Node& node, Expansion& out, std::size_t index, int count,
                           std::size_t rank) {
    const Constant* constant = out.list().constant(node, index, "its parameter");
    if (!constant || elements(constant->shape) != count)
        node.fail(fmt::format("input {} must have {} values", index, count));
    Shape shape(rank - 1, 1);
    shape[0] = count;
    return add_reshape(out, node.input(index), shape);
}

// Norm of each [1, C, ...] channel, then scale and bias.
void normalise(const Node& node, Expansion& out, const std::string& x, const Shape& shape) {
    const Shape line(shape.begin() + 2, shape.end());
    const std::string norm =
        out.add("LayerNormalization", {x, ones(node, out, line)},
                {{"axis", std::int64_t{2}}, {"epsilon", node.real("epsilon", 1e-5F)}});
    const std::string scale = along_channels(node, out, 1, shape[1], shape.size());
    const std::string bias = along_channels(node, out, 2, shape[1], shape.size());
    out.finish("Add", {out.add("Mul", {norm, scale}), bias});
}

bool is_contiguous(const std::vector<int>& axes) {
    return axes.empty() || axes.back() - axes.front() + 1 == static_cast<int>(axes.size());
}

// The attributes of a ReduceMean over the same axes.
Expansion::Attributes mean_over(const Node& node, const std::vector<int>& axes) {
    return {{"axes", Integers(axes.begin(), axes.end())},
            {"keepdims", std::int64_t{node.integer("keepdims", 1)}}};
}

}  // namespace

void expand_instance_norm(const Node& node, Expansion& out) {
    const Shape shape = out.list().shape(node, 0);
    if (shape.size() < 3) node.fail("its input has no axes behind the channels");
    normalise(node, out, node.input(0), shape);
}

void expand_group_norm(const Node& node, Expansion& out) {
    const Shape shape = out.list().shape(node, 0);
    const std::int64_t groups = node.integer("num_groups", 0);
    if (shape.size() < 3 || groups < 1 || groups > shape[1] || shape[1] % groups != 0)
        node.fail(
            fmt::format("{} groups do not divide an input of shape {}", groups, shape_text(shape)));
    const int count = static_cast<int>(groups);
    const Shape grouped{shape[0], count, static_cast<int>(elements(shape) / count / shape[0])};
    const std::string norm =
        out.add("LayerNormalization",
                {add_reshape(out, node.input(0), grouped), ones(node, out, {grouped[2]})},
                {{"axis", std::int64_t{2}}, {"epsilon", node.real("epsilon", 1e-5F)}});
    // Parameters are one per group up to opset 20.
    const std::string scale = along_channels(node, out, 1, count, 3);
    const std::string bias = along_channels(node, out, 2, count, 3);
    const std::string sum = out.add("Add", {out.add("Mul", {norm, scale}), bias});
    out.finish("Reshape", {sum, out.integers({shape.begin(), shape.end()})});
}

// The axes that are reduced move to the end if others stand between them.
void expand_reduction(const Node& node, Expansion& out) {
    const Shape in = out.list().shape(node, 0);
    const std::vector<int> axes = reduced_axes(node, out.list(), in.size());
    if (is_contiguous(axes)) return;
    Integers perm, last;
    Shape shape;
    for (int i = 0; i < static_cast<int>(in.size()); ++i) {
        const bool is_reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (!is_reduced) perm.push_back(i);
        if (!is_reduced || node.integer("keepdims", 1) != 0)
            shape.push_back(is_reduced ? 1 : in[i]);
    }
    for (std::size_t i = perm.size(); i < in.size(); ++i) last.push_back(static_cast<int>(i));
    perm.insert(perm.end(), axes.begin(), axes.end());
    const std::string turned = out.add("Transpose", {node.input(0)}, {{"perm", perm}});
    const std::string mean = out.add(node.type, {turned}, {{"axes", last}});
    out.finish("Reshape", {mean, out.integers({shape.begin(), shape.end()})});
}

void expand_reduce_sum(const Node& node, Expansion& out) {
    const Shape in = out.list().shape(node, 0);
    const std::vector<int> axes = reduced_axes(node, out.list(), in.size());
    if (axes.empty()) return out.finish("Identity", {node.input(0)});
    double count = 1.0;
    for (const int axis : axes) count *= in[axis];
    const std::string mean = out.add("ReduceMean", {node.input(0)}, mean_over(node, axes));
    out.finish("Mul", {mean, out.number(static_cast<float>(count))});
}

void expand_reduce_l2(const Node& node, Expansion& out) {
    const Shape in = out.list().shape(node, 0);
    const std::vector<int> axes = reduced_axes(node, out.list(), in.size());
    if (axes.empty()) node.fail("reduces no axes (noop_with_empty_axes). Use Abs");
    const std::string square = out.add("Mul", {node.input(0), node.input(0)});
    const std::string sum = out.add("ReduceSum", {square, out.integers({axes.begin(), axes.end()})},
                                    {{"keepdims", std::int64_t{node.integer("keepdims", 1)}}});
    out.finish("Sqrt", {sum});
}

}  // namespace acim::onnx_import
