// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Operators that can be computed on constants.
const std::vector<std::string>& folded_types();
bool is_folded_type(const std::string& type);

// The output of a node of these types whose inputs are all constant: shapes of a Reshape, masks,
// position tables, transposed weights. What it computes is paid for out of the list's budget.
Constant fold_node(const Node& node, NodeList& list);

}  // namespace acim::onnx_import
