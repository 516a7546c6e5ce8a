// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// The shape of a node's first output from its inputs' shapes; the rules also check the inputs.
// A Problem for an operator without a rule: it names the operator, the node and what is supported.
Shape infer_shape(const Node& node, const NodeList& list);

// The shape rule of Reshape, Flatten, Squeeze and Unsqueeze, which holds for constants as well.
bool is_view_type(const std::string& type);
Shape view_shape(const Node& node, const NodeList& list);

[[noreturn]] void fail_unsupported(const Node& node);

}  // namespace acim::onnx_import
