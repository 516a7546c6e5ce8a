// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/onnx/draft.hpp"
#include "host/onnx/node.hpp"
#include "host/onnx/unsupported.hpp"

namespace acim::onnx_import {

// Turns every resolved node into a typed operator. A Problem for all that the engine cannot execute.
Draft lower(const NodeList& list);
// Adds what lower() would refuse, node by node, where a model is refused already.
void check_lowerings(const NodeList& list, Unsupported& unsupported);

// Operators that a model may apply to the image, and those that may only compute constants; sorted.
std::vector<std::string> supported_operators();
std::vector<std::string> constant_operators();

}  // namespace acim::onnx_import
