// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/movement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;
using Rule = Movement (*)(const Node&, const NodeList&, const Shape&);

Movement transpose(const Node& node, const NodeList&, const Shape& in) {
    const std::size_t rank = in.size();
    Integers stated = node.integers("perm");
    if (stated.empty())
        for (std::size_t i = rank; i-- > 0;) stated.push_back(static_cast<std::int64_t>(i));
    std::vector<int> perm;
    for (const std::int64_t axis : stated) perm.push_back(normal_axis(node, axis, rank));
    std::vector<int> sorted = perm;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.size() != rank || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        node.fail("attribute 'perm' is not a permutation of the axes");
    const Integers from = strides_of(in);
    Movement move;
    for (const int axis : perm) {
        move.shape.push_back(in[axis]);
        move.strides.push_back(from[axis]);
    }
    return move;
}

// Cuts one axis of `move` as ONNX's Slice does: bounds beyond the axis are held at its ends.
void slice_axis(const Node& node, Movement& move, int axis, std::int64_t start, std::int64_t end,
                std::int64_t step) {
    constexpr std::int64_t far = std::int64_t{1} << 32;
    if (step == 0) node.fail("has a step of 0");
    step = std::clamp(step, -far, far);
    const std::int64_t size = move.shape[axis];
    const std::int64_t least = step > 0 ? 0 : -1, most = step > 0 ? size : size - 1;
    const auto bound = [&](std::int64_t at) {
        return std::clamp(at < 0 ? std::max(at, -far) + size : at, least, most);
    };
    start = bound(start);
    end = bound(end);
    const std::int64_t room = step > 0 ? end - start : start - end;
    const std::int64_t stride = step > 0 ? step : -step;
    const std::int64_t count = room > 0 ? (room - 1) / stride + 1 : 0;
    if (count > 0) move.offset += start * move.strides[axis];
    if (count > 1) move.strides[axis] *= step;
    move.shape[axis] = static_cast<int>(count);
}

Movement slice(const Node& node, const NodeList& list, const Shape& in) {
    const Integers starts = integer_list(node, list, 1, "starts");
    const Integers ends = integer_list(node, list, 2, "ends");
    Integers axes = integer_list(node, list, 3, "axes");
    Integers steps = integer_list(node, list, 4, "steps");
    if (node.input(3).empty())
        for (std::size_t i = 0; i < starts.size(); ++i)
            axes.push_back(static_cast<std::int64_t>(i));
    if (node.input(4).empty()) steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() ||
        steps.size() != starts.size())
        node.fail("starts, ends, axes and steps differ in length");
    Movement move{in, 0, strides_of(in)};
    std::vector<bool> is_cut(in.size(), false);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const int axis = normal_axis(node, axes[i], in.size());
        if (is_cut[axis]) node.fail("names an axis twice");
        is_cut[axis] = true;
        slice_axis(node, move, axis, starts[i], ends[i], steps[i]);
    }
    return move;
}

Movement gather(const Node& node, const NodeList& list, const Shape& in) {
    const Constant* indices = list.constant(node, 1, "indices");
    if (!indices) node.fail("has no indices");
    const int axis = normal_axis(node, node.integer("axis", 0), in.size());
    const Integers places = gather_places(node, *indices, in[axis]);
    if (indices->shape.size() > 1 || places.empty() || !is_even(places))
        node.fail("gathers unevenly spaced indices");
    Movement move{in, 0, strides_of(in)};
    move.offset = places.front() * move.strides[axis];
    if (indices->shape.empty()) {
        move.shape.erase(move.shape.begin() + axis);
        move.strides.erase(move.strides.begin() + axis);
        return move;
    }
    move.shape[axis] = static_cast<int>(places.size());
    if (places.size() > 1) move.strides[axis] *= places[1] - places[0];
    return move;
}

Movement expand(const Node& node, const NodeList& list, const Shape& in) {
    Integers target = integer_list(node, list, 1, "its shape");
    if (target.size() < in.size()) target.insert(target.begin(), in.size() - target.size(), 1);
    if (target.size() > most_axes)
        node.fail(
            fmt::format("asks for {} axes. At most {} are supported", target.size(), most_axes));
    const Integers from = strides_of(in);
    const std::size_t added = target.size() - in.size();
    Integers extents;
    Movement move;
    for (std::size_t i = 0; i < target.size(); ++i) {
        const int own = i < added ? 1 : in[i - added];
        if (own != target[i] && own != 1 && target[i] != 1)
            node.fail(fmt::format("cannot expand shape {} to axis {} of extent {}", shape_text(in),
                                  i, target[i]));
        extents.push_back(own == 1 ? target[i] : own);
        move.strides.push_back(own == 1 ? 0 : from[i - added]);
    }
    checked_elements(extents, most_constant_elements, node.place() + ": its output");
    move.shape = to_shape(extents);
    return move;
}

const std::map<std::string, Rule>& rules() {
    static const std::map<std::string, Rule> table{
        {"Expand", expand}, {"Gather", gather}, {"Slice", slice}, {"Transpose", transpose}};
    return table;
}

}  // namespace

bool is_movement_type(const std::string& type) { return rules().contains(type); }

Movement movement_of(const Node& node, const NodeList& list) {
    return rules().at(node.type)(node, list, list.shape(node, 0));
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

std::vector<std::int64_t> gather_places(const Node& node, const Constant& indices, int extent) {
    if (indices.is_real()) node.fail("its indices are not integers");
    Integers places;
    for (const std::int64_t index : *indices.integers)
        places.push_back(normal_axis(node, index, static_cast<std::size_t>(extent)));
    return places;
}

bool is_even(const std::vector<std::int64_t>& places) {
    for (std::size_t i = 2; i < places.size(); ++i)
        if (places[i] - places[i - 1] != places[1] - places[0]) return false;
    return true;
}

}  // namespace acim::onnx_import
