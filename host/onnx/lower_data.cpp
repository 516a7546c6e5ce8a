// SPDX-License-Identifier: Apache-2.0
// Operators that move, join or choose data.
#include <fmt/format.h>

#include "host/onnx/lowerings.hpp"
#include "host/onnx/movement.hpp"

namespace acim::onnx_import {

void lower_movement(const Node& node, const NodeList& list, DraftOperator& out) {
    const Movement move = movement_of(node, list);
    Rearrange rearrange;
    rearrange.offset = static_cast<int>(move.offset);
    rearrange.extents = move.shape;
    std::vector<std::vector<int>> strides{{move.strides.begin(), move.strides.end()}};
    join_axes(rearrange.extents, strides);
    rearrange.strides = strides[0];
    const bool keeps_order =
        rearrange.extents.empty() || (rearrange.extents.size() == 1 && rearrange.strides[0] == 1);
    if (keeps_order && elements(move.shape) == elements(list.shape(node, 0))) {
        out.op = View();
        return;
    }
    if (rearrange.extents.empty()) {
        rearrange.extents = {1};
        rearrange.strides = {0};
    }
    out.op = std::move(rearrange);
}

void lower_gather(const Node& node, const NodeList& list, DraftOperator& out) {
    if (!list.is_constant(node.input(0))) return lower_movement(node, list, out);
    const Constant& table = finite_parameter(node, list, 0, "table");
    constexpr int most_rows = 1 << 22;
    if (table.shape[0] > most_rows)
        node.fail(fmt::format("chooses from {} rows. At most {} are supported", table.shape[0],
                              most_rows));
    Embedding embedding;
    embedding.width = table.shape[1];
    embedding.table = *table.reals;
    out.op = std::move(embedding);
    out.inputs = {node.input(1)};
}

void lower_concat(const Node& node, const NodeList& list, DraftOperator& out) {
    if (node.inputs.size() == 1) {
        out.op = View();
        return;
    }
    const Shape& first = list.shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", 0), first.size());
    Concat concat;
    concat.outer = static_cast<int>(elements({first.begin(), first.begin() + axis}));
    out.inputs = node.inputs;
    out.op = std::move(concat);
}

}  // namespace acim::onnx_import
