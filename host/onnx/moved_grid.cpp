// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/moved_grid.hpp"

#include <algorithm>
#include <cstdlib>

#include "host/onnx/movement.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

Grid lost_grid() {
    Grid grid;
    grid.is_lost = true;
    return grid;
}

// One scale, or one for each index of the axis along which the movement leaves the channels.
Grid moved(const Movement& move, const Shape& from, Grid grid) {
    const std::int64_t inner = strides_of(from)[grid.axis], channels = from[grid.axis];
    // A step along another axis is smaller than one channel, or as large as all of them.
    const auto is_along = [&](std::size_t i) {
        const std::int64_t step = std::abs(move.strides[i]);
        return move.shape[i] != 1 && step >= inner && step < inner * channels;
    };
    std::size_t axis = 0;
    while (axis < move.shape.size() && !is_along(axis)) ++axis;
    const bool is_one = axis == move.shape.size();
    const int count = is_one ? 1 : move.shape[axis];
    const std::int64_t step = is_one ? 0 : move.strides[axis];
    std::vector<float> scale;
    for (int i = 0; i < count; ++i)
        scale.push_back((*grid.scale)[(move.offset + i * step) / inner % channels]);
    if (scale.empty()) return lost_grid();
    grid.axis = is_one ? 0 : static_cast<int>(axis);
    grid.scale = std::make_shared<const std::vector<float>>(std::move(scale));
    return grid;
}

// Under another shape the channels stay an axis if there is one of their extent at their place.
Grid viewed(const Shape& from, Grid grid, const Shape& out) {
    const std::int64_t before = elements({from.begin(), from.begin() + grid.axis});
    std::int64_t count = 1;
    for (std::size_t i = 0; i < out.size(); count *= out[i++])
        if (count == before && out[i] == from[grid.axis]) {
            grid.axis = static_cast<int>(i);
            return grid;
        }
    return lost_grid();
}

bool is_same(const Grid& a, const Grid& b) {
    return !a.is_lost && !b.is_lost && *a.scale == *b.scale && a.axis == b.axis &&
           a.zero_point == b.zero_point && a.low == b.low && a.high == b.high;
}

// Parts on one grid stay on it, unless each has a list of scales along the axis that is joined.
Grid joined(const Node& node, const NodeList& list, const Shape& out) {
    const std::optional<Grid>& first = list.find(node.input(0))->grid;
    for (const std::string& name : node.inputs) {
        const std::optional<Grid>& grid = list.find(name)->grid;
        if (!first || !grid || !is_same(*first, *grid)) return lost_grid();
    }
    const int axis = normal_axis(node, node.integer("axis", 0), out.size());
    return first->scale->size() > 1 && first->axis == axis ? lost_grid() : *first;
}

// A Gather of uneven indices or of a table of them is none.
bool is_movement(const Node& node, const NodeList& list, const Shape& in) {
    if (node.type != "Gather") return is_movement_type(node.type);
    const Constant& indices = *list.constant(node, 1, "indices");
    const int axis = normal_axis(node, node.integer("axis", 0), in.size());
    return indices.shape.size() <= 1 && is_even(gather_places(node, indices, in[axis]));
}

}  // namespace

std::optional<Grid> moved_grid(const Node& node, const NodeList& list, const Constant& out) {
    const bool has_grid =
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
            const Value* value = list.find(name);
            return value && value->grid;
        });
    if (!has_grid) return std::nullopt;
    if (node.type == "Concat") return joined(node, list, out.shape);
    const Value& from = *list.find(node.input(0));
    if (!from.grid || from.grid->is_lost) return lost_grid();
    if (node.type == "Cast")
        return from.constant->is_real() && out.is_real() ? *from.grid : lost_grid();
    const bool is_view = is_view_type(node.type);
    if (!is_view && !is_movement_type(node.type)) return lost_grid();
    Grid grid = *from.grid;
    if (grid.scale->size() == 1) {
        grid.axis = 0;
        return grid;
    }
    if (is_view) return viewed(from.shape, std::move(grid), out.shape);
    if (!is_movement(node, list, from.shape)) return lost_grid();
    return moved(movement_of(node, list), from.shape, std::move(grid));
}

}  // namespace acim::onnx_import
