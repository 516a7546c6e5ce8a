// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace onnx {
class ModelProto;
}

namespace acim::onnx_import {

// Parses the protobuf of a model file. Checks that it is a regular file of at most 2 GiB
// (protobuf's limit), whole, and that it holds a graph.
void read_model(const std::filesystem::path& path, onnx::ModelProto& model);

}  // namespace acim::onnx_import
