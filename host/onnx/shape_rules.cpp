// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/shape_rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/onnx/movement.hpp"
#include "host/onnx/shape_rules_data.hpp"
#include "host/onnx/window.hpp"

namespace acim::onnx_import {
namespace {

using Rule = Shape (*)(const Node&, const NodeList&);

Shape same_shape(const Node& node, const NodeList& list) { return list.shape(node, 0); }

Shape conv_shape(const Node& node, const NodeList& list) {
    const Shape& image = list.shape(node, 0);
    const Shape& weights = list.shape(node, 1);
    if (weights.size() != 4)
        node.fail(fmt::format("its weights have shape {}. Only 2-D convolution is supported",
                              shape_text(weights)));
    const Window window = read_window(node, image, {weights[2], weights[3]});
    return {1, weights[0], window.height.out, window.width.out};
}

Shape gemm_shape(const Node& node, const NodeList& list) {
    const Shape& a = list.shape(node, 0);
    const Shape& b = list.shape(node, 1);
    if (a.size() != 2 || b.size() != 2)
        node.fail(fmt::format("its operands have shapes {} and {}. Both must be matrices",
                              shape_text(a), shape_text(b)));
    if (node.integer("transA", 0) != 0) node.fail("transA = 1 is not supported");
    const bool is_transposed = node.integer("transB", 0) != 0;
    if (a[1] != b[is_transposed ? 1 : 0])
        node.fail(
            fmt::format("operands of shapes {} and {} do not match", shape_text(a), shape_text(b)));
    return {a[0], b[is_transposed ? 0 : 1]};
}

Shape matmul_shape(const Node& node, const NodeList& list) {
    const Shape& a = list.shape(node, 0);
    const Shape& b = list.shape(node, 1);
    const bool is_layer = list.is_constant(node.input(1));
    if (is_layer && (a.size() < 2 || b.size() != 2))
        node.fail(
            fmt::format("its operands have shapes {} and {}. The left side must have rank 2 or "
                        "more, a constant right side must be a matrix",
                        shape_text(a), shape_text(b)));
    if (!is_layer && (a.size() < 3 || a.size() != b.size()))
        node.fail(
            fmt::format("multiplies computed tensors of shapes {} and {}. Both must have rank 3 or "
                        "more",
                        shape_text(a), shape_text(b)));
    const bool fits =
        a.back() == b[b.size() - 2] && (is_layer || std::equal(a.begin(), a.end() - 2, b.begin()));
    if (!fits)
        node.fail(
            fmt::format("operands of shapes {} and {} do not match", shape_text(a), shape_text(b)));
    Shape out = a;
    out.back() = b.back();
    return out;
}

Shape add_shape(const Node& node, const NodeList& list) {
    return broadcast_shape(node, list.shape(node, 0), list.shape(node, 1));
}

Shape pool_shape(const Node& node, const NodeList& list) {
    const Shape& image = list.shape(node, 0);
    const Window window = read_window(node, image, {});
    return {1, image[1], window.height.out, window.width.out};
}

Shape global_pool_shape(const Node& node, const NodeList& list) {
    const Shape& image = list.shape(node, 0);
    if (image.size() != 4)
        node.fail(
            fmt::format("its input has shape {}. It must be [1, C, H, W]", shape_text(image)));
    return {1, image[1], 1, 1};
}

Shape moved_shape(const Node& node, const NodeList& list) { return movement_of(node, list).shape; }

std::vector<int> axes_of(const Node& node, const NodeList& list, std::size_t rank) {
    std::vector<std::int64_t> stated = node.integers("axes");
    if (!node.input(1).empty()) stated = integer_list(node, list, 1, "axes");
    std::vector<int> axes;
    for (const std::int64_t axis : stated) axes.push_back(normal_axis(node, axis, rank));
    std::sort(axes.begin(), axes.end());
    if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
        node.fail("names an axis twice");
    return axes;
}

Shape reduced_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    const std::vector<int> axes = reduced_axes(node, list, in.size());
    const bool keeps = node.integer("keepdims", 1) != 0;
    Shape out;
    for (int i = 0; i < static_cast<int>(in.size()); ++i) {
        const bool is_reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (!is_reduced || keeps) out.push_back(is_reduced ? 1 : in[i]);
    }
    return out;
}

Shape flatten_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    std::int64_t axis = node.integer("axis", 1);
    const auto rank = static_cast<std::int64_t>(in.size());
    if (axis < -rank || axis > rank)
        node.fail(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
    if (axis < 0) axis += rank;
    std::int64_t head = 1;
    for (std::int64_t i = 0; i < axis; ++i) head *= in[i];
    if (head == 0) node.fail("flattens an empty tensor");
    return to_shape({head, elements(in) / head});
}

// The extents a Reshape asks for, with every 0 replaced by the input's extent; -1 stays.
std::vector<std::int64_t> reshape_extents(const Node& node, const NodeList& list, const Shape& in) {
    if (node.input(1).empty()) node.fail("its shape input is missing");
    std::vector<std::int64_t> extents = integer_list(node, list, 1, "its shape");
    if (extents.size() > most_axes)
        node.fail(
            fmt::format("asks for {} axes. At most {} are supported", extents.size(), most_axes));
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (extents[i] != 0) continue;
        if (node.integer("allowzero", 0) != 0 || i >= in.size())
            node.fail("asks for an axis of extent 0");
        extents[i] = in[i];
    }
    return extents;
}

Shape reshape_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    std::vector<std::int64_t> extents = reshape_extents(node, list, in);
    const std::int64_t count = elements(in);
    std::int64_t known = 1;
    std::ptrdiff_t open = -1;
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (extents[i] == -1 && open < 0) {
            open = static_cast<std::ptrdiff_t>(i);
            continue;
        }
        const bool fits = extents[i] > 0 && extents[i] <= count && known <= count / extents[i];
        known = fits ? known * extents[i] : count + 1;
        if (!fits) break;
    }
    const bool matches = open < 0 ? known == count : known <= count && count % known == 0;
    if (!matches)
        node.fail(
            fmt::format("cannot give a tensor of shape {} the shape [{}]. Batch sizes must "
                        "not be built into the model: export it with a dynamic batch axis",
                        shape_text(in), fmt::join(extents, ", ")));
    if (open >= 0) extents[open] = count / known;
    return to_shape(extents);
}

Shape squeeze_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    const std::vector<int> axes = axes_of(node, list, in.size());
    if (axes.empty())
        node.fail("has no axes. With a batch of 1 the batch axis would go; name them");
    Shape out;
    for (int i = 0; i < static_cast<int>(in.size()); ++i) {
        const bool is_dropped = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (is_dropped && in[i] != 1)
            node.fail(fmt::format("axis {} of shape {} is not 1", i, shape_text(in)));
        if (!is_dropped) out.push_back(in[i]);
    }
    return out;
}

Shape unsqueeze_shape(const Node& node, const NodeList& list) {
    const Shape& in = list.shape(node, 0);
    const std::size_t added = node.input(1).empty() ? node.integers("axes").size()
                                                    : integer_list(node, list, 1, "axes").size();
    const std::size_t rank = in.size() + added;
    if (rank > most_axes)
        node.fail(fmt::format("gives {} axes. At most {} are supported", rank, most_axes));
    const std::vector<int> axes = axes_of(node, list, rank);
    Shape out;
    auto next = in.begin();
    for (int i = 0; i < static_cast<int>(rank); ++i) {
        const bool is_new = std::find(axes.begin(), axes.end(), i) != axes.end();
        out.push_back(is_new ? 1 : *next++);
    }
    return out;
}

const std::map<std::string, Rule>& view_rules() {
    static const std::map<std::string, Rule> rules{{"Flatten", flatten_shape},
                                                   {"Reshape", reshape_shape},
                                                   {"Squeeze", squeeze_shape},
                                                   {"Unsqueeze", unsqueeze_shape}};
    return rules;
}

const std::map<std::string, Rule>& rules() {
    static const std::map<std::string, Rule> table = [] {
        std::map<std::string, Rule> all{{"AveragePool", pool_shape},
                                        {"Concat", concat_shape},
                                        {"Conv", conv_shape},
                                        {"Gather", gather_shape},
                                        {"Gemm", gemm_shape},
                                        {"GlobalAveragePool", global_pool_shape},
                                        {"GlobalMaxPool", global_pool_shape},
                                        {"MatMul", matmul_shape},
                                        {"MaxPool", pool_shape},
                                        {"Pad", pad_shape},
                                        {"ReduceMax", reduced_shape},
                                        {"ReduceMean", reduced_shape}};
        for (const char* type : {"Add", "Div", "Max", "Min", "Mul", "Sub"})
            all.emplace(type, add_shape);
        for (const char* type : {"Expand", "Slice", "Transpose"}) all.emplace(type, moved_shape);
        for (const std::string& type : same_shape_types()) all.emplace(type, same_shape);
        all.insert(view_rules().begin(), view_rules().end());
        return all;
    }();
    return table;
}

}  // namespace

bool is_view_type(const std::string& type) { return view_rules().contains(type); }

Shape view_shape(const Node& node, const NodeList& list) {
    return view_rules().at(node.type)(node, list);
}

bool has_shape_rule(const std::string& type) { return rules().contains(type); }

Shape infer_shape(const Node& node, const NodeList& list) {
    Shape shape = rules().at(node.type)(node, list);
    checked_elements({shape.begin(), shape.end()}, most_activation_elements,
                     node.place() + ": its output");
    return shape;
}

std::vector<int> reduced_axes(const Node& node, const NodeList& list, std::size_t rank) {
    std::vector<int> axes = axes_of(node, list, rank);
    if (axes.empty() && node.integer("noop_with_empty_axes", 0) == 0)
        for (int i = 0; i < static_cast<int>(rank); ++i) axes.push_back(i);
    return axes;
}

}  // namespace acim::onnx_import
