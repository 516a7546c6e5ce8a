// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/expansions.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

// "bhqd,bhkd->bhqk"
struct Equation {
    std::string left, right, out;
};

bool has(const std::string& letters, char letter) {
    return letters.find(letter) != std::string::npos;
}

Equation parse(const Node& node) {
    std::string text = node.text("equation", "");
    std::erase(text, ' ');
    const std::size_t comma = text.find(','), arrow = text.find("->");
    const bool is_pair = comma != std::string::npos && arrow != std::string::npos &&
                         comma < arrow && node.inputs.size() == 2;
    Equation e;
    if (is_pair)
        e = {text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1),
             text.substr(arrow + 2)};
    bool is_plain = is_pair;
    for (const std::string* part : {&e.left, &e.right, &e.out})
        for (std::size_t i = 0; i < part->size(); ++i)
            is_plain = is_plain && std::isalpha(static_cast<unsigned char>((*part)[i])) &&
                       !has(part->substr(i + 1), (*part)[i]);
    for (const char letter : e.out)
        is_plain = is_plain && (has(e.left, letter) || has(e.right, letter));
    if (!is_plain)
        node.fail(
            fmt::format("equation '{}' is not supported. Two operands with one letter per "
                        "axis are; or write it as a matmul",
                        printable(text)));
    return e;
}

std::string keep(const std::string& letters, bool in_other, bool in_out, const std::string& other,
                 const std::string& out) {
    std::string kept;
    for (const char letter : letters)
        if (has(other, letter) == in_other && has(out, letter) == in_out) kept += letter;
    return kept;
}

using Extents = std::map<char, int>;

Shape shape_of(const std::string& letters, const Extents& extents) {
    Shape shape;
    for (const char letter : letters) shape.push_back(extents.at(letter));
    return shape;
}

int together(const std::string& letters, const Extents& extents) {
    return static_cast<int>(elements(shape_of(letters, extents)));
}

// The operand with its axes in another order, as a stack of matrices.
std::string arranged(Expansion& out, const std::string& name, const std::string& from,
                     const std::string& to, const Shape& shape) {
    std::vector<std::int64_t> perm;
    for (const char letter : to) perm.push_back(static_cast<std::int64_t>(from.find(letter)));
    return add_reshape(out, out.add("Transpose", {name}, {{"perm", perm}}), shape);
}

}  // namespace

// Letters of both operands and the output are heads, those of both operands only are summed.
void expand_einsum(const Node& node, Expansion& out) {
    const Equation e = parse(node);
    Extents extents;
    for (const auto& [letters, index] : {std::pair(e.left, 0U), std::pair(e.right, 1U)}) {
        const Shape& shape = out.list().shape(node, index);
        if (shape.size() != letters.size()) node.fail("its equation does not fit its operands");
        for (std::size_t i = 0; i < shape.size(); ++i)
            if (extents.try_emplace(letters[i], shape[i]).first->second != shape[i])
                node.fail(fmt::format("axis '{}' has two extents", letters[i]));
    }
    const std::string heads = keep(e.left, true, true, e.right, e.out);
    const std::string sums = keep(e.left, true, false, e.right, e.out);
    const std::string rows = keep(e.left, false, true, e.right, e.out);
    const std::string columns = keep(e.right, false, true, e.left, e.out);
    if (heads.size() + sums.size() + rows.size() != e.left.size() ||
        heads.size() + sums.size() + columns.size() != e.right.size())
        node.fail("sums over an axis of one operand. Write it as a sum and a matmul");
    const int h = together(heads, extents), k = together(sums, extents);
    const int m = together(rows, extents), n = together(columns, extents);
    const bool is_layer = out.list().is_constant(node.input(1)) && h == 1;
    const std::string a = arranged(out, node.input(0), e.left, heads + rows + sums, {h, m, k});
    const std::string b = arranged(out, node.input(1), e.right, heads + sums + columns,
                                   is_layer ? Shape{k, n} : Shape{h, k, n});
    const std::string order = heads + rows + columns;
    const std::string product =
        add_reshape(out, out.add("MatMul", {a, b}), shape_of(order, extents));
    std::vector<std::int64_t> perm;
    for (const char letter : e.out) perm.push_back(static_cast<std::int64_t>(order.find(letter)));
    out.finish("Transpose", {product}, {{"perm", perm}});
}

}  // namespace acim::onnx_import
