// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/fold_constants.hpp"

#include <fmt/format.h>

#include "host/onnx/folds.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;
using Fold = Constant (*)(const Node&, NodeList&);

bool is_real_type(ElementType type) {
    return type == ElementType::float32 || type == ElementType::float16 ||
           type == ElementType::float64 || type == ElementType::bfloat16;
}

// Truncates towards zero as ONNX does; a value outside int64 is refused.
std::int64_t truncated(const Node& node, float value) {
    if (!(value > -0x1p63F && value < 0x1p63F))
        node.fail(fmt::format("{} does not fit an integer", value));
    return static_cast<std::int64_t>(value);
}

// What an integer type keeps of a value: its low bits, or whether it is not 0.
std::int64_t wrapped(std::int64_t value, ElementType type) {
    switch (type) {
        case ElementType::uint8:
            return static_cast<std::uint8_t>(value);
        case ElementType::int8:
            return static_cast<std::int8_t>(value);
        case ElementType::int32:
            return static_cast<std::int32_t>(value);
        case ElementType::boolean:
            return value != 0;
        default:
            return value;
    }
}

bool is_integer_type(ElementType type) {
    return type == ElementType::uint8 || type == ElementType::int8 || type == ElementType::int32 ||
           type == ElementType::int64 || type == ElementType::boolean;
}

Constant cast_to_integers(const Node& node, NodeList& list, const Constant& data,
                          ElementType type) {
    list.spend(node, elements(data.shape));
    Integers out;
    if (data.is_real())
        for (const float value : *data.reals)
            out.push_back(type == ElementType::boolean ? value != 0.0F
                                                       : wrapped(truncated(node, value), type));
    else
        for (const std::int64_t value : *data.integers) out.push_back(wrapped(value, type));
    return integer_constant(data.shape, std::move(out), type);
}

Constant fold_cast(const Node& node, NodeList& list) {
    const Constant& data = operand(node, list, 0);
    const auto type = static_cast<ElementType>(node.integer("to", 0));
    if (!is_real_type(type) && !is_integer_type(type))
        node.fail(fmt::format("to element type {} is not supported", node.integer("to", 0)));
    if (is_integer_type(type))
        return data.type == type ? data : cast_to_integers(node, list, data, type);
    if (data.is_real()) return data;
    list.spend(node, elements(data.shape));
    return real_constant(data.shape, {data.integers->begin(), data.integers->end()});
}

Constant fold_view(const Node& node, NodeList& list) {
    Constant out = operand(node, list, 0);
    out.shape = view_shape(node, list);
    return out;
}

const std::map<std::string, Fold>& folds() {
    static const std::map<std::string, Fold> table = [] {
        std::map<std::string, Fold> all{{"Cast", fold_cast},
                                        {"Concat", fold_concat},
                                        {"ConstantOfShape", fold_constant_of_shape},
                                        {"Expand", fold_movement},
                                        {"Flatten", fold_view},
                                        {"Gather", fold_gather},
                                        {"Range", fold_range},
                                        {"Reshape", fold_view},
                                        {"Slice", fold_movement},
                                        {"Squeeze", fold_view},
                                        {"Transpose", fold_movement},
                                        {"Trilu", fold_trilu},
                                        {"Unsqueeze", fold_view},
                                        {"Where", fold_where}};
        for (const std::string& type : unary_types()) all.emplace(type, fold_unary);
        for (const std::string& type : binary_types()) all.emplace(type, fold_binary);
        return all;
    }();
    return table;
}

}  // namespace

const Constant& operand(const Node& node, const NodeList& list, std::size_t index) {
    const Constant* constant = list.constant(node, index, "input");
    if (!constant) node.fail(fmt::format("input {} is missing", index));
    return *constant;
}

Constant like(const Constant& from, Shape shape, std::vector<float> values) {
    Constant out = real_constant(std::move(shape), std::move(values));
    out.type = from.type;
    return out;
}

Constant like(const Constant& from, Shape shape, std::vector<std::int64_t> values) {
    return integer_constant(std::move(shape), std::move(values), from.type);
}

const std::vector<std::string>& folded_types() {
    static const std::vector<std::string> types = [] {
        std::vector<std::string> names;
        for (const auto& [name, fold] : folds()) names.push_back(name);
        return names;
    }();
    return types;
}

bool is_folded_type(const std::string& type) { return folds().contains(type); }

Constant fold_node(const Node& node, NodeList& list) {
    Constant out = folds().at(node.type)(node, list);
    constant_elements({out.shape.begin(), out.shape.end()}, node.place() + ": its output");
    return out;
}

}  // namespace acim::onnx_import
