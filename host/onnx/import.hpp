// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/onnx/graph.hpp"

namespace acim {

// Reads an ONNX model (opset 13 to 20) with one input, batch axis first and either dynamic or 1, and
// one output (docs/networks.md). Throws InputError naming the file, the node or tensor, and why.
FloatGraph import_onnx(const std::filesystem::path& path);

// The ONNX operators that import_onnx reads, sorted.
std::vector<std::string> supported_onnx_operators();

}  // namespace acim
