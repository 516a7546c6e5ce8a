// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// The shape of a node's first output from its inputs' shapes; the rules also check the inputs. Only
// for operators that have a rule.
Shape infer_shape(const Node& node, const NodeList& list);
bool has_shape_rule(const std::string& type);

// The shape rule of Reshape, Flatten, Squeeze and Unsqueeze, which holds for constants as well.
bool is_view_type(const std::string& type);
Shape view_shape(const Node& node, const NodeList& list);

// The shape of two operands under numpy's broadcasting, and the strides with which an operand is read
// for an output of that shape: 0 where it repeats.
Shape broadcast_shape(const Node& node, const Shape& a, const Shape& b);
std::vector<std::int64_t> broadcast_strides(const Shape& operand, const Shape& out);

// Concat holds for constants as well.
Shape concat_shape(const Node& node, const NodeList& list);

// The axes of a reduction, sorted: an attribute or an input, all if neither is there.
std::vector<int> reduced_axes(const Node& node, const NodeList& list, std::size_t rank);

// The extents that a Pad adds in front of and behind every axis; negative ones cut.
struct PadExtents {
    std::vector<std::int64_t> begin, end;
};
PadExtents pad_extents(const Node& node, const NodeList& list);

}  // namespace acim::onnx_import
