// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/metadata.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <fstream>

#include "host/core/error.hpp"
#include "onnx.pb.h"

namespace acim {
namespace {

using google::protobuf::io::CodedInputStream;

// The lite library knows no std::istream.
class FileInput : public google::protobuf::io::CopyingInputStream {
public:
    explicit FileInput(std::ifstream& file) : file_(file) {}
    int Read(void* buffer, int size) override {
        file_.read(static_cast<char*>(buffer), size);
        return static_cast<int>(file_.gcount());
    }

private:
    std::ifstream& file_;
};

constexpr std::uint32_t length_delimited = 2;  // wire type
constexpr std::uint32_t properties_tag =
    std::uint32_t{onnx::ModelProto::kMetadataPropsFieldNumber} << 3 | length_delimited;
constexpr std::uint32_t most_bytes = 1U << 16;
constexpr std::size_t most_properties = 1000;

// Steps over a field of ModelProto, which has numbers and length-delimited fields only.
bool skip_field(CodedInputStream& in, std::uint32_t tag) {
    std::uint64_t number = 0;
    std::uint32_t size = 0;
    switch (tag & 7) {
        case 0:
            return in.ReadVarint64(&number);
        case 1:
            return in.Skip(8);
        case length_delimited:
            return in.ReadVarint32(&size) && size <= 0x7fffffffU && in.Skip(static_cast<int>(size));
        case 5:
            return in.Skip(4);
        default:
            return false;
    }
}

bool read_property(CodedInputStream& in, std::map<std::string, std::string>& properties) {
    std::uint32_t size = 0;
    std::string bytes;
    if (!in.ReadVarint32(&size) || size > most_bytes || properties.size() >= most_properties)
        return false;
    onnx::StringStringEntryProto entry;
    if (!in.ReadString(&bytes, static_cast<int>(size)) || !entry.ParseFromString(bytes))
        return false;
    properties[entry.key()] = entry.value();
    return true;
}

}  // namespace

std::map<std::string, std::string> read_onnx_metadata(const std::filesystem::path& path) {
    const auto fail = [&](const char* problem) {
        throw InputError(fmt::format("{}: {}", path.string(), problem));
    };
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    if (!file || !std::filesystem::is_regular_file(path, error))
        fail("cannot be opened. Give the path of an ONNX model");
    FileInput input(file);
    google::protobuf::io::CopyingInputStreamAdaptor stream(&input);
    CodedInputStream in(&stream);
    std::map<std::string, std::string> properties;
    while (const std::uint32_t tag = in.ReadTag()) {
        const bool good =
            tag == properties_tag ? read_property(in, properties) : skip_field(in, tag);
        if (!good) fail("its metadata cannot be read. Export the model again");
    }
    return properties;
}

}  // namespace acim
