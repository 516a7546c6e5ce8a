// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace onnx {
class TensorProto;
}

namespace acim::onnx_import {

// Reads tensors that a model keeps in files beside it. Locations are relative to the model's folder
// and stay below it. All tensors of a file together may read it at most twice, so that many
// tensors over the same bytes cannot exhaust memory.
class ExternalData {
public:
    explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

    // The bytes of one tensor; `bytes` is what its shape and type ask for.
    std::string read(const onnx::TensorProto& tensor, std::int64_t bytes);

private:
    std::filesystem::path folder_;
    std::map<std::filesystem::path, std::uintmax_t> bytes_left_;  // by canonical path
};

}  // namespace acim::onnx_import
