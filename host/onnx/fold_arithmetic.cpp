// SPDX-License-Identifier: Apache-2.0
// Arithmetic on constants with numpy broadcasting: integers exactly, floats in double and rounded.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/onnx/constant_functions.hpp"
#include "host/onnx/folds.hpp"
#include "host/onnx/movement.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;
using RealFunction = double (*)(double);
using RealPair = double (*)(double, double);
using Comparison = bool (*)(double, double);

const std::map<std::string, RealFunction>& real_functions() {
    static const std::map<std::string, RealFunction> table{
        {"Abs", [](double x) { return std::abs(x); }},
        {"Ceil", [](double x) { return std::ceil(x); }},
        {"Cos", constant_cos},
        {"Exp", constant_exp},
        {"Floor", [](double x) { return std::floor(x); }},
        {"Log", constant_log},
        {"Neg", [](double x) { return -x; }},
        {"Reciprocal", [](double x) { return 1.0 / x; }},
        {"Relu", [](double x) { return x > 0.0 ? x : 0.0; }},
        {"Sin", constant_sin},
        {"Sqrt", [](double x) { return std::sqrt(x); }}};
    return table;
}

const std::map<std::string, RealPair>& real_pairs() {
    static const std::map<std::string, RealPair> table{
        {"Add", [](double a, double b) { return a + b; }},
        {"Div", [](double a, double b) { return a / b; }},
        {"Max", [](double a, double b) { return a < b ? b : a; }},
        {"Min", [](double a, double b) { return b < a ? b : a; }},
        {"Mul", [](double a, double b) { return a * b; }},
        {"Pow", constant_pow},
        {"Sub", [](double a, double b) { return a - b; }}};
    return table;
}

template <class T>
bool compare(const std::string& type, T a, T b) {
    if (type == "Equal") return a == b;
    if (type == "Greater") return a > b;
    if (type == "GreaterOrEqual") return a >= b;
    if (type == "Less") return a < b;
    if (type == "LessOrEqual") return a <= b;
    if (type == "And") return a != 0 && b != 0;
    if (type == "Or") return a != 0 || b != 0;
    return (a != 0) != (b != 0);  // Xor
}

const std::vector<std::string>& comparisons() {
    static const std::vector<std::string> types{"And",  "Equal",       "Greater", "GreaterOrEqual",
                                                "Less", "LessOrEqual", "Or",      "Xor"};
    return types;
}

bool is_comparison(const std::string& type) {
    return std::find(comparisons().begin(), comparisons().end(), type) != comparisons().end();
}

std::int64_t apply(const Node& node, std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    bool is_bad = false;
    if (node.type == "Add") {
        is_bad = __builtin_add_overflow(a, b, &out);
    } else if (node.type == "Sub") {
        is_bad = __builtin_sub_overflow(a, b, &out);
    } else if (node.type == "Mul") {
        is_bad = __builtin_mul_overflow(a, b, &out);
    } else if (node.type == "Max" || node.type == "Min") {
        out = (a < b) == (node.type == "Max") ? b : a;
    } else if (node.type == "Div" || node.type == "Mod") {
        is_bad = b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min());
        if (!is_bad) out = node.type == "Div" ? a / b : a % b;
        // Mod takes the sign of the divisor, unless fmod = 1.
        const bool follows_divisor = node.type == "Mod" && node.integer("fmod", 0) == 0;
        if (follows_divisor && out != 0 && (out < 0) != (b < 0)) out += b;
    } else {
        node.fail("cannot be computed on integers");
    }
    if (is_bad) node.fail(fmt::format("cannot be computed of {} and {}", a, b));
    return out;
}

void check_angles(const Node& node, const std::vector<float>& angles) {
    for (const float x : angles)
        if (std::isfinite(x) && std::abs(x) > most_angle)
            node.fail(fmt::format("takes an angle of {}. Up to {} radians are supported", x,
                                  static_cast<int>(most_angle)));
}

std::vector<double> numbers(const Constant& from) {
    if (from.is_real()) return {from.reals->begin(), from.reals->end()};
    return {from.integers->begin(), from.integers->end()};
}

// Walks a broadcast output and gives the element of each operand.
class Broadcast {
public:
    Broadcast(const Shape& out, std::vector<Shape> operands) : shape_(out), at_(out.size(), 0) {
        for (const Shape& operand : operands) strides_.push_back(broadcast_strides(operand, out));
        places_.assign(operands.size(), 0);
    }
    std::size_t operator[](std::size_t operand) const {
        return static_cast<std::size_t>(places_[operand]);
    }
    void next() {
        for (std::size_t i = shape_.size(); i-- > 0;) {
            const bool is_done = ++at_[i] < shape_[i];
            const std::int64_t steps = is_done ? 1 : 1 - std::int64_t{at_[i]};
            for (std::size_t o = 0; o < places_.size(); ++o) places_[o] += steps * strides_[o][i];
            if (is_done) return;
            at_[i] = 0;
        }
    }

private:
    Shape shape_;
    std::vector<int> at_;
    std::vector<Integers> strides_;
    Integers places_;
};

}  // namespace

std::vector<std::string> unary_types() {
    std::vector<std::string> types{"Not"};
    for (const auto& [name, function] : real_functions()) types.push_back(name);
    return types;
}

std::vector<std::string> binary_types() {
    std::vector<std::string> types = comparisons();
    for (const auto& [name, function] : real_pairs()) types.push_back(name);
    types.emplace_back("Mod");
    return types;
}

Constant fold_unary(const Node& node, NodeList& list) {
    const Constant& data = operand(node, list, 0);
    list.spend(node, elements(data.shape));
    if (data.is_real()) {
        const auto found = real_functions().find(node.type);
        if (found == real_functions().end()) node.fail("cannot be computed on floats");
        if (node.type == "Sin" || node.type == "Cos") check_angles(node, *data.reals);
        std::vector<float> out;
        for (const float x : *data.reals)
            out.push_back(static_cast<float>(found->second(static_cast<double>(x))));
        return real_constant(data.shape, std::move(out));
    }
    Integers out;
    for (const std::int64_t x : *data.integers) {
        if (node.type == "Not")
            out.push_back(x == 0);
        else if (node.type == "Neg" && x != std::numeric_limits<std::int64_t>::min())
            out.push_back(-x);
        else
            node.fail("cannot be computed on integers");
    }
    return integer_constant(data.shape, std::move(out), data.type);
}

Constant fold_binary(const Node& node, NodeList& list) {
    if (node.inputs.size() != 2) node.fail("only two operands are supported");
    const Constant& a = operand(node, list, 0);
    const Constant& b = operand(node, list, 1);
    const Shape shape = broadcast_shape(node, a.shape, b.shape);
    const auto n = static_cast<std::size_t>(elements(shape));
    list.spend(node, elements(shape));
    Broadcast at(shape, {a.shape, b.shape});
    const bool is_whole = !a.is_real() && !b.is_real();
    const bool compares = is_comparison(node.type);
    if (is_whole) {
        Integers out(n);
        for (std::size_t i = 0; i < n; ++i, at.next()) {
            const std::int64_t x = (*a.integers)[at[0]], y = (*b.integers)[at[1]];
            out[i] = compares ? compare(node.type, x, y) : apply(node, x, y);
        }
        return integer_constant(shape, std::move(out), compares ? ElementType::boolean : a.type);
    }
    const std::vector<double> left = numbers(a), right = numbers(b);
    if (compares) {
        Integers out(n);
        for (std::size_t i = 0; i < n; ++i, at.next())
            out[i] = compare(node.type, left[at[0]], right[at[1]]);
        return integer_constant(shape, std::move(out), ElementType::boolean);
    }
    const auto found = real_pairs().find(node.type);
    if (found == real_pairs().end()) node.fail("cannot be computed on floats");
    std::vector<float> out(n);
    for (std::size_t i = 0; i < n; ++i, at.next())
        out[i] = static_cast<float>(found->second(left[at[0]], right[at[1]]));
    return real_constant(shape, std::move(out));
}

Constant fold_where(const Node& node, NodeList& list) {
    const Constant& mask = operand(node, list, 0);
    const Constant& yes = operand(node, list, 1);
    const Constant& no = operand(node, list, 2);
    if (mask.is_real() || yes.is_real() != no.is_real())
        node.fail("chooses between values of different types");
    const Shape shape =
        broadcast_shape(node, broadcast_shape(node, mask.shape, yes.shape), no.shape);
    list.spend(node, elements(shape));
    Broadcast at(shape, {mask.shape, yes.shape, no.shape});
    return with_elements(yes, [&](const auto& typed) {
        using Elements = std::decay_t<decltype(typed)>;
        Elements out(static_cast<std::size_t>(elements(shape)));
        const auto& other = elements_of<typename Elements::value_type>(no);
        for (std::size_t i = 0; i < out.size(); ++i, at.next())
            out[i] = (*mask.integers)[at[0]] ? typed[at[1]] : other[at[2]];
        return like(yes, shape, std::move(out));
    });
}

}  // namespace acim::onnx_import
