// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/fold_constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;
using Fold = Constant (*)(const Node&, const NodeList&);

// Shape arithmetic needs a few integers; the limit keeps Concat from doubling without end.
constexpr std::size_t most_folded_integers = 4096;

const Constant& operand(const Node& node, const NodeList& list, std::size_t index) {
    const Constant* constant = list.constant(node, index, "input");
    if (!constant) node.fail(fmt::format("input {} is missing", index));
    return *constant;
}

// An operand of shape arithmetic: an integer scalar or vector.
const Constant& integer_operand(const Node& node, const NodeList& list, std::size_t index) {
    const Constant& constant = operand(node, list, index);
    if (constant.is_real() || constant.shape.size() > 1)
        node.fail("only integer scalars and vectors can be computed here");
    if (constant.integers->size() > most_folded_integers)
        node.fail("computes with too many integers");
    return constant;
}

std::int64_t clamp_index(std::int64_t index, std::int64_t size) {
    if (index < 0) index = std::max<std::int64_t>(index, -size) + size;
    return std::min(index, size);
}

Constant fold_gather(const Node& node, const NodeList& list) {
    const Constant& data = integer_operand(node, list, 0);
    const Constant& indices = integer_operand(node, list, 1);
    if (data.shape.size() != 1) node.fail("gathers from a scalar");
    normal_axis(node, node.integer("axis", 0), 1);
    Integers out;
    for (const std::int64_t index : *indices.integers)
        out.push_back((*data.integers)[normal_axis(node, index, data.integers->size())]);
    return integer_constant(indices.shape, std::move(out));
}

Constant fold_concat(const Node& node, const NodeList& list) {
    normal_axis(node, node.integer("axis", 0), 1);
    Integers out;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const Constant& part = integer_operand(node, list, i);
        if (part.shape.size() != 1) node.fail("joins a scalar");
        if (out.size() + part.integers->size() > most_folded_integers)
            node.fail("joins too many integers");
        out.insert(out.end(), part.integers->begin(), part.integers->end());
    }
    const int size = static_cast<int>(out.size());
    return integer_constant({size}, std::move(out));
}

std::int64_t one_integer(const Node& node, const NodeList& list, std::size_t index,
                         std::int64_t otherwise) {
    if (node.input(index).empty()) return otherwise;
    const Constant& constant = integer_operand(node, list, index);
    if (constant.integers->size() != 1)
        node.fail("only slices along one axis can be computed here");
    return constant.integers->front();
}

Constant fold_slice(const Node& node, const NodeList& list) {
    const Constant& data = integer_operand(node, list, 0);
    if (data.shape.size() != 1) node.fail("slices a scalar");
    const auto size = static_cast<std::int64_t>(data.integers->size());
    const std::int64_t begin = clamp_index(one_integer(node, list, 1, 0), size);
    const std::int64_t end = clamp_index(one_integer(node, list, 2, size), size);
    normal_axis(node, one_integer(node, list, 3, 0), 1);
    const std::int64_t step = one_integer(node, list, 4, 1);
    if (step != 1) node.fail("only slices with step 1 can be computed here");
    Integers out;
    for (std::int64_t i = begin; i < end; ++i) out.push_back((*data.integers)[i]);
    const int count = static_cast<int>(out.size());
    return integer_constant({count}, std::move(out));
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
    } else {
        is_bad = b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min());
        if (!is_bad) out = a / b;
    }
    if (is_bad) node.fail(fmt::format("cannot be computed of {} and {}", a, b));
    return out;
}

Constant fold_arithmetic(const Node& node, const NodeList& list) {
    const Constant& a = integer_operand(node, list, 0);
    const Constant& b = integer_operand(node, list, 1);
    const std::size_t n = a.integers->size(), m = b.integers->size();
    if (n != m && n != 1 && m != 1) node.fail("its operands differ in length");
    const std::size_t size = n == 1 ? m : n;
    Integers out;
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(apply(node, (*a.integers)[n == 1 ? 0 : i], (*b.integers)[m == 1 ? 0 : i]));
    const bool is_scalar = a.shape.empty() && b.shape.empty();
    return integer_constant(is_scalar ? Shape{} : Shape{static_cast<int>(size)}, std::move(out));
}

// Element types of TensorProto::DataType, by number (onnx.proto).
bool is_real_type(std::int64_t type) { return type == 1 || type == 10 || type == 11 || type == 16; }

// Truncates towards zero as ONNX does; a value outside int64 is refused.
std::int64_t truncated(const Node& node, float value) {
    if (!(value > -0x1p63F && value < 0x1p63F))
        node.fail(fmt::format("{} does not fit an integer", value));
    return static_cast<std::int64_t>(value);
}

Constant fold_cast(const Node& node, const NodeList& list) {
    const Constant& data = operand(node, list, 0);
    const std::int64_t type = node.integer("to", 0);
    if (!is_real_type(type) && type != 6 && type != 7)
        node.fail(fmt::format("to element type {} is not supported", type));
    if (is_real_type(type) == data.is_real()) return data;
    if (!data.is_real()) {
        std::vector<float> out(data.integers->begin(), data.integers->end());
        return real_constant(data.shape, std::move(out));
    }
    Integers out;
    for (const float value : *data.reals) out.push_back(truncated(node, value));
    return integer_constant(data.shape, std::move(out));
}

template <class T>
std::vector<T> permuted(const std::vector<T>& from, const Shape& shape,
                        const std::vector<int>& perm) {
    const std::size_t rank = shape.size();
    std::vector<std::size_t> stride(rank, 1), step(rank), at(rank, 0);
    for (std::size_t i = rank; i-- > 1;) stride[i - 1] = stride[i] * shape[i];
    for (std::size_t i = 0; i < rank; ++i) step[i] = stride[perm[i]];
    std::vector<T> out;
    out.reserve(from.size());
    std::size_t place = 0;
    while (out.size() < from.size()) {
        out.push_back(from[place]);
        for (std::size_t i = rank; i-- > 0;) {
            place += step[i];
            if (++at[i] < static_cast<std::size_t>(shape[perm[i]])) break;
            place -= step[i] * at[i];
            at[i] = 0;
        }
    }
    return out;
}

Constant fold_transpose(const Node& node, const NodeList& list) {
    const Constant& data = operand(node, list, 0);
    const std::size_t rank = data.shape.size();
    std::vector<std::int64_t> stated = node.integers("perm");
    if (stated.empty())
        for (std::size_t i = rank; i-- > 0;) stated.push_back(static_cast<std::int64_t>(i));
    std::vector<int> perm;
    for (const std::int64_t axis : stated) perm.push_back(normal_axis(node, axis, rank));
    std::vector<int> sorted = perm;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.size() != rank || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        node.fail("attribute 'perm' is not a permutation of the axes");
    Shape shape;
    for (const int axis : perm) shape.push_back(data.shape[axis]);
    if (data.is_real()) return real_constant(shape, permuted(*data.reals, data.shape, perm));
    return integer_constant(shape, permuted(*data.integers, data.shape, perm));
}

Constant fold_view(const Node& node, const NodeList& list) {
    Constant out = operand(node, list, 0);
    out.shape = view_shape(node, list);
    return out;
}

const std::map<std::string, Fold>& folds() {
    static const std::map<std::string, Fold> table{
        {"Add", fold_arithmetic}, {"Cast", fold_cast},      {"Concat", fold_concat},
        {"Div", fold_arithmetic}, {"Flatten", fold_view},   {"Gather", fold_gather},
        {"Mul", fold_arithmetic}, {"Reshape", fold_view},   {"Slice", fold_slice},
        {"Squeeze", fold_view},   {"Sub", fold_arithmetic}, {"Transpose", fold_transpose},
        {"Unsqueeze", fold_view}};
    return table;
}

}  // namespace

const std::vector<std::string>& folded_types() {
    static const std::vector<std::string> types = [] {
        std::vector<std::string> names;
        for (const auto& [name, fold] : folds()) names.push_back(name);
        return names;
    }();
    return types;
}

Constant fold_node(const Node& node, const NodeList& list) {
    const auto fold = folds().find(node.type);
    if (fold == folds().end()) fail_unsupported(node);
    return fold->second(node, list);
}

}  // namespace acim::onnx_import
