// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Reads a model file into plain nodes and constants; protobuf ends here. Checks opset, names, the
// one image input with its batch axis bound to 1, and the one output.
NodeList load_nodes(const std::filesystem::path& path);

}  // namespace acim::onnx_import
