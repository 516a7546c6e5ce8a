// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

// Passes over the resolved node list: each replaces a pattern of ONNX nodes by simpler ones and
// keeps every shape known. A pass for a further pattern is one more function here.
namespace acim::onnx_import {

// ReduceMean over height and width becomes GlobalAveragePool, and a Flatten where the axes go.
void rewrite_reduce_mean(NodeList& list);

}  // namespace acim::onnx_import
