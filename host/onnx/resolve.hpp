// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"
#include "host/onnx/unsupported.hpp"

namespace acim::onnx_import {

// Gives every value a shape and removes what does not compute on the image: Identity, Dropout and
// Cast to float become other names of their input, Constant and Shape become constants, and a node
// whose inputs are all constant is folded. What is left are nodes to be lowered. A node that cannot be
// resolved is added to `unsupported`, and all that follow from it are left out.
void resolve(NodeList& list, Unsupported& unsupported);

// The operators that resolve removes by itself.
const std::vector<std::string>& resolved_types();

}  // namespace acim::onnx_import
