// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/expansions.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;

Integers swap_last(std::size_t rank) {
    Integers perm;
    for (std::size_t i = 0; i < rank; ++i) perm.push_back(static_cast<std::int64_t>(i));
    std::swap(perm[rank - 2], perm[rank - 1]);
    return perm;
}

std::string add_transpose(Expansion& out, const std::string& from, std::size_t rank) {
    return out.add("Transpose", {from}, {{"perm", swap_last(rank)}});
}

// A constant with leading axes of 1 as a matrix; empty if it is none.
std::string as_matrix(Expansion& out, const std::string& name) {
    const Shape shape = out.list().values.at(name).shape;
    if (shape.size() < 2) return "";
    if (shape.size() == 2) return name;
    if (elements(shape) != std::int64_t{shape.back()} * shape[shape.size() - 2]) return "";
    return add_reshape(out, name, {shape[shape.size() - 2], shape.back()});
}

// W*x with a constant W is (x^T * W^T)^T: a layer over the last axis but one.
void expand_left_constant(const Node& node, Expansion& out) {
    const Shape weights = out.list().shape(node, 0);
    const std::size_t rank = out.list().shape(node, 1).size();
    const std::string matrix = as_matrix(out, node.input(0));
    if (matrix.empty() || rank < 2 || weights.size() > rank)
        node.fail(
            fmt::format("its constant left side has shape {}. It must be a matrix, the right "
                        "side a tensor of rank 2 or more",
                        shape_text(weights)));
    const std::string turned = add_transpose(out, node.input(1), rank);
    const std::string product = out.add("MatMul", {turned, add_transpose(out, matrix, 2)});
    out.finish("Transpose", {product}, {{"perm", swap_last(rank)}});
}

void expand_right_constant(const Node& node, Expansion& out) {
    const Shape weights = out.list().shape(node, 1);
    if (weights.size() <= 2 || weights.size() > out.list().shape(node, 0).size()) return;
    const std::string matrix = as_matrix(out, node.input(1));
    if (!matrix.empty()) out.finish("MatMul", {node.input(0), matrix});
}

// Two computed operands get the same leading axes, at least one.
void expand_computed(const Node& node, Expansion& out) {
    const Shape a = out.list().shape(node, 0), b = out.list().shape(node, 1);
    if (a.size() < 2 || b.size() < 2) node.fail("multiplies a vector. Give both sides two axes");
    const Shape heads = broadcast_shape(node, {a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
    const auto target = [&](const Shape& from) {
        Shape shape = heads.empty() ? Shape{1} : heads;
        shape.insert(shape.end(), from.end() - 2, from.end());
        return shape;
    };
    if (a == target(a) && b == target(b)) return;
    const auto widened = [&](const std::string& name, const Shape& from) {
        const Shape shape = target(from);
        if (shape == from) return name;
        return out.add("Expand", {name, out.integers({shape.begin(), shape.end()})});
    };
    const std::string left = widened(node.input(0), a), right = widened(node.input(1), b);
    if (!heads.empty()) return out.finish("MatMul", {left, right});
    const std::string product = out.add("MatMul", {left, right});
    out.finish("Reshape", {product, out.integers({a[0], b[1]})});
}

// Attributes of a window of one dimension, for the same window one high.
Expansion::Attributes flat_window(const Node& node) {
    Expansion::Attributes all = node.attributes;
    for (const char* key : {"kernel_shape", "strides", "dilations"}) {
        Integers values = node.integers(key);
        if (values.size() == 1) all[key] = Integers{1, values[0]};
    }
    const Integers pads = node.integers("pads");
    if (pads.size() == 2) all["pads"] = Integers{0, pads[0], 0, pads[1]};
    return all;
}

}  // namespace

void expand_matmul(const Node& node, Expansion& out) {
    const bool is_left = out.list().is_constant(node.input(0));
    const bool is_right = out.list().is_constant(node.input(1));
    if (is_right)
        expand_right_constant(node, out);
    else if (is_left)
        expand_left_constant(node, out);
    else
        expand_computed(node, out);
}

// Only with a computed B: alpha * A * B + beta * C.
void expand_gemm(const Node& node, Expansion& out) {
    NodeList& list = out.list();
    if (list.is_constant(node.input(1))) return;
    if (list.shape(node, 0).size() != 2 || list.shape(node, 1).size() != 2) return;
    const auto turned = [&](std::size_t index, const char* key) {
        return node.integer(key, 0) ? add_transpose(out, node.input(index), 2) : node.input(index);
    };
    const std::string a = turned(0, "transA"), b = turned(1, "transB");
    std::string sum = out.add("MatMul", {a, b});
    sum = out.add("Mul", {sum, out.number(node.real("alpha", 1.0F))});
    if (node.input(2).empty()) return out.finish("Identity", {sum});
    const std::string c = out.add("Mul", {node.input(2), out.number(node.real("beta", 1.0F))});
    out.finish("Add", {sum, c});
}

void expand_conv(const Node& node, Expansion& out) {
    if (out.list().shape(node, 0).size() != 3 || out.list().shape(node, 1).size() != 3) return;
    const std::string axis = out.integers({2});
    std::vector<std::string> inputs = node.inputs;
    for (const int i : {0, 1}) inputs[i] = out.add("Unsqueeze", {inputs[i], axis});
    out.finish("Squeeze", {out.add("Conv", inputs, flat_window(node)), axis});
}

void expand_pool(const Node& node, Expansion& out) {
    if (out.list().shape(node, 0).size() != 3) return;
    const std::string axis = out.integers({2});
    const std::string map = out.add("Unsqueeze", {node.input(0), axis});
    out.finish("Squeeze", {out.add(node.type, {map}, flat_window(node)), axis});
}

}  // namespace acim::onnx_import
