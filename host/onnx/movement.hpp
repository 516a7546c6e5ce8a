// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// An output whose element [i0][i1]... is element offset + sum of i*stride of the input.
struct Movement {
    Shape shape;
    std::int64_t offset = 0;
    std::vector<std::int64_t> strides;
};

// Transpose, Slice, Expand and Gather of a scalar or of evenly spaced indices.
bool is_movement_type(const std::string& type);
// What such a node does to its first input; a Problem if its other inputs are not constant or do not
// fit.
Movement movement_of(const Node& node, const NodeList& list);

// C-order strides of a tensor.
std::vector<std::int64_t> strides_of(const Shape& shape);

// The constant indices of a Gather along an axis of this extent, each in 0 .. extent-1.
std::vector<std::int64_t> gather_places(const Node& node, const Constant& indices, int extent);
// Whether they are first, first + step, ...
bool is_even(const std::vector<std::int64_t>& places);

}  // namespace acim::onnx_import
