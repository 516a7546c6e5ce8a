// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace acim {

// The properties of a model file (ModelProto.metadata_props) by their keys, read without parsing the
// graph. At most 1000 properties of 64 KiB each; a later one of the same key wins, as in protobuf.
// Throws InputError where the file is missing or is no ONNX model.
std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path);

}  // namespace acim
