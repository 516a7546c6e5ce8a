// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Operators that are only computed on constants.
const std::vector<std::string>& folded_types();

// The output of a node whose inputs are all constant: what exporters write to compute the shape of
// a Reshape (integers), and Transpose or Cast of a weight. A Problem if the type is not known.
Constant fold_node(const Node& node, const NodeList& list);

}  // namespace acim::onnx_import
