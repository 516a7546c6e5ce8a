// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Orders the nodes so that each stands behind those it reads, keeping the file's order where it
// can. A cycle, a value that nothing defines and one defined twice are Problems.
void sort_nodes(NodeList& list);

// Removes nodes that the output does not depend on.
void drop_dead_nodes(NodeList& list);

}  // namespace acim::onnx_import
