// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/external_data.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "host/onnx/problem.hpp"
#include "onnx.pb.h"

namespace acim::onnx_import {
namespace {

struct Entry {
    std::string location;
    std::int64_t offset = 0;
    std::int64_t length = -1;  // -1: as long as the shape asks for
};

std::int64_t parse_count(const std::string& text, const std::string& place) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        throw Problem(fmt::format("{}: '{}' is not a byte count", place, printable(text)));
    return value;
}

Entry read_entry(const onnx::TensorProto& tensor, const std::string& place) {
    Entry entry;
    for (const auto& pair : tensor.external_data()) {
        if (pair.key() == "location") entry.location = pair.value();
        if (pair.key() == "offset") entry.offset = parse_count(pair.value(), place);
        if (pair.key() == "length") entry.length = parse_count(pair.value(), place);
    }
    return entry;
}

// Refuses what leaves the model's folder by its text; links that the user made are followed.
void check_location(const std::string& location, const std::string& place) {
    const std::filesystem::path path(location);
    bool is_inside = !location.empty() && path.is_relative();
    for (const auto& part : path)
        if (part == "..") is_inside = false;
    if (!is_inside || location.find('\0') != std::string::npos)
        throw Problem(
            fmt::format("{}: external data at '{}'. The location must be a relative path "
                        "below the model's folder, without '..'",
                        place, printable(location)));
}

}  // namespace

std::string ExternalData::read(const onnx::TensorProto& tensor, std::int64_t bytes) {
    const std::string place = fmt::format("tensor '{}'", printable(tensor.name()));
    const Entry entry = read_entry(tensor, place);
    check_location(entry.location, place);
    if (entry.length >= 0 && entry.length != bytes)
        throw Problem(fmt::format("{}: external data of {} bytes, its shape needs {}", place,
                                  entry.length, bytes));
    const std::filesystem::path path = folder_ / entry.location;
    const std::string file_text = printable(entry.location);
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        throw Problem(fmt::format(
            "{}: external data file '{}' is missing. Keep it beside the model", place, file_text));
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    const auto wanted = static_cast<std::uintmax_t>(bytes);
    if (error || wanted > size || static_cast<std::uintmax_t>(entry.offset) > size - wanted)
        throw Problem(fmt::format("{}: external data file '{}' is too short for {} bytes at {}",
                                  place, file_text, bytes, entry.offset));
    const std::filesystem::path file_itself = std::filesystem::canonical(path, error);
    auto& left = bytes_left_.try_emplace(file_itself, 2 * size).first->second;
    if (error || wanted > left)
        throw Problem(
            fmt::format("{}: tensors overlap in external data file '{}'", place, file_text));
    left -= wanted;
    std::string data(static_cast<std::size_t>(bytes), '\0');
    std::ifstream file(path, std::ios::binary);
    file.seekg(entry.offset);
    file.read(data.data(), bytes);
    if (!file) throw Problem(fmt::format("{}: cannot read '{}'", place, file_text));
    return data;
}

}  // namespace acim::onnx_import
