// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// The grid of the constant that a folded node gives, if one of its inputs has a grid. Movements, views
// and equal parts of a Concat keep it; behind anything else it is lost and says so.
std::optional<Grid> moved_grid(const Node& node, const NodeList& list, const Constant& out);

}  // namespace acim::onnx_import
