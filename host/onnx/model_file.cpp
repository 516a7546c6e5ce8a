// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/model_file.hpp"

#include <fmt/format.h>

#include <fstream>

#include "host/onnx/problem.hpp"
#include "onnx.pb.h"

namespace acim::onnx_import {
namespace {

void check_file(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status))
        throw Problem("no such file. Give the path of an ONNX model");
    if (!std::filesystem::is_regular_file(status))
        throw Problem("not a file. Give the path of an ONNX model");
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) throw Problem("cannot be read: " + error.message());
    constexpr std::uintmax_t most = (std::uintmax_t{1} << 31) - 1;
    if (size > most)
        throw Problem(
            fmt::format("{} bytes, larger than the 2 GiB that ONNX allows in one file. "
                        "Store the weights as external data",
                        size));
}

}  // namespace

void read_model(const std::filesystem::path& path, onnx::ModelProto& model) {
    check_file(path);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Problem("cannot be opened. Check its permissions");
    google::protobuf::SetLogHandler(nullptr);
    if (!model.ParseFromIstream(&file))
        throw Problem("not an ONNX model, or cut short: protobuf cannot read it. Export it again");
    if (!model.has_graph() || model.graph().node_size() == 0)
        throw Problem("holds no graph. Give a model written by an ONNX exporter");
}

}  // namespace acim::onnx_import
