// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "host/onnx/graph.hpp"
#include "onnx.pb.h"

namespace acim {

// A folder under the system's temporary one that vanishes with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

void write_bytes(const std::filesystem::path& path, const std::string& bytes);
std::string read_bytes(const std::filesystem::path& path);
std::filesystem::path fixture_path(const std::string& name);

// The message of the InputError that an import throws; "imported" if it throws none.
std::string import_message(const std::filesystem::path& path);

// Puts a small model together. The input is `x` [N, image...], the output `y`.
class ModelBuilder {
public:
    explicit ModelBuilder(std::vector<std::int64_t> image, std::int64_t opset = 13);

    onnx::TensorProto& reals(const std::string& name, std::vector<std::int64_t> shape,
                             const std::vector<float>& values);
    onnx::TensorProto& integers(const std::string& name, const std::vector<std::int64_t>& values);
    // Adds a node named after its output.
    ModelBuilder& node(const std::string& type, const std::vector<std::string>& inputs,
                       const std::string& output);
    // Attributes of the node added last.
    ModelBuilder& with(const std::string& key, std::int64_t value);
    ModelBuilder& with(const std::string& key, float value);
    ModelBuilder& with(const std::string& key, const char* value);
    ModelBuilder& with(const std::string& key, std::initializer_list<std::int64_t> values);

    onnx::ModelProto model;  // for what has no function here
    onnx::GraphProto& graph() { return *model.mutable_graph(); }

    FloatGraph import() const;
    std::string message() const;  // of import_message, without the file's name

private:
    onnx::AttributeProto& attribute(const std::string& key);
};

}  // namespace acim
