// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/onnx/expansions.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

// The value as it is, under the shape that broadcasting gives.
void finish_same(Expansion& out, const std::string& name, const Shape& shape) {
    if (out.list().values.at(name).shape == shape)
        out.finish("Identity", {name});
    else
        out.finish("Expand", {name, out.integers({shape.begin(), shape.end()})});
}

}  // namespace

void expand_neg(const Node& node, Expansion& out) {
    out.finish("Mul", {node.input(0), out.number(-1.0F)});
}

void expand_pow(const Node& node, Expansion& out) {
    const std::string& x = node.input(0);
    const std::optional<double> power = out.list().number(node.input(1));
    const double p = power.value_or(0.0);
    if (p == 1.0) {
        out.finish("Identity", {x});
    } else if (p == 0.5) {
        out.finish("Sqrt", {x});
    } else if (p == -0.5) {
        out.finish("Reciprocal", {out.add("Sqrt", {x})});
    } else if (p == -1.0) {
        out.finish("Reciprocal", {x});
    } else if (p == 2.0) {
        out.finish("Mul", {x, x});
    } else if (p == 3.0) {
        out.finish("Mul", {out.add("Mul", {x, x}), x});
    } else if (p == 4.0) {
        const std::string square = out.add("Mul", {x, x});
        out.finish("Mul", {square, square});
    } else {
        node.fail("its exponent must be the constant 1, 2, 3, 4, 0.5, -0.5 or -1");
    }
}

void expand_prelu(const Node& node, Expansion& out) {
    const std::string& x = node.input(0);
    if (const std::optional<double> slope = out.list().number(node.input(1))) {
        out.finish("LeakyRelu", {x}, {{"alpha", static_cast<float>(*slope)}});
        return;
    }
    const std::string negative = out.add("Min", {x, out.number(0.0F)});
    out.finish("Add", {out.add("Relu", {x}), out.add("Mul", {negative, node.input(1)})});
}

void expand_variadic(const Node& node, Expansion& out) {
    const std::string type = node.type == "Sum" ? "Add" : node.type;
    if (type == node.type && node.inputs.size() == 2) return;
    if (node.inputs.empty()) node.fail("has no inputs");
    std::string sum = node.inputs.front();
    for (std::size_t i = 1; i + 1 < node.inputs.size(); ++i)
        sum = out.add(type, {sum, node.inputs[i]});
    if (node.inputs.size() == 1)
        out.finish("Identity", {sum});
    else
        out.finish(type, {sum, node.inputs.back()});
}

// A choice by a constant mask: what is kept is multiplied by 1, what is not by 0, and the constant
// that takes its place is added. Adding an infinity needs no factor in front.
void expand_where(const Node& node, Expansion& out) {
    NodeList& list = out.list();
    const Constant* mask = list.constant(node, 0, "its condition");
    if (!mask || mask->is_real()) node.fail("has no condition");
    const Shape shape = broadcast_shape(
        node, broadcast_shape(node, mask->shape, list.shape(node, 1)), list.shape(node, 2));
    const auto& bits = *mask->integers;
    const auto chosen = static_cast<std::size_t>(
        std::count_if(bits.begin(), bits.end(), [](std::int64_t v) { return v != 0; }));
    if (chosen == bits.size()) return finish_same(out, node.input(1), shape);
    if (chosen == 0) return finish_same(out, node.input(2), shape);
    std::string parts[2];
    for (const int i : {0, 1}) {
        const std::string& operand = node.input(static_cast<std::size_t>(1 + i));
        const std::string& other = node.input(static_cast<std::size_t>(2 - i));
        if (list.is_constant(operand)) {
            const std::string zero = out.number(0.0F);
            const std::string yes = i == 0 ? operand : zero, no = i == 0 ? zero : operand;
            parts[i] = out.add("Where", {node.input(0), yes, no});
            continue;
        }
        const std::optional<double> masked = list.number(other);
        if (masked && std::isinf(*masked)) {
            parts[i] = operand;
            continue;
        }
        const std::string chosen_by = i == 0 ? node.input(0) : out.add("Not", {node.input(0)});
        const std::string keep = out.add("Cast", {chosen_by}, {{"to", std::int64_t{1}}});
        parts[i] = out.add("Mul", {operand, keep});
    }
    out.finish("Add", {parts[0], parts[1]});
}

}  // namespace acim::onnx_import
