// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Shape rules of operators that move or choose data.
Shape gather_shape(const Node& node, const NodeList& list);
Shape pad_shape(const Node& node, const NodeList& list);

// Operators whose output has their first input's shape.
const std::vector<std::string>& same_shape_types();

}  // namespace acim::onnx_import
