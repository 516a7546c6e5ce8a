// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Throws a Problem that names every node whose operator the importer does not know at all, with what
// could stand in its place.
void check_operators(const NodeList& list);

// The same for nodes found otherwise: operators that are known on constants only, but are applied
// to values of the image.
[[noreturn]] void fail_unsupported(const std::vector<Node>& nodes);

}  // namespace acim::onnx_import
