// SPDX-License-Identifier: Apache-2.0
#include "host/data/npy_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/error.hpp"
#include "host/data/file_array.hpp"
#include "host/data/npy_header.hpp"
#include "host/data/stored_set.hpp"

namespace acim {
namespace {

// The bytes of values that a header promises; compared with what is there before anything is read.
void check_size(const NpyHeader& header, std::uint64_t size, const std::string& name) {
    unsigned __int128 promised = value_bytes(header.type);
    for (const std::uint64_t d : header.shape)
        promised = std::min<unsigned __int128>(promised * d, ~std::uint64_t{0});
    const std::uint64_t there = size - header.bytes;
    if (promised == there) return;
    const char* problem = promised > there ? "is truncated" : "is longer than its header says";
    throw InputError(
        fmt::format("{}: {} ({} bytes of values, the header promises {}). Write the "
                    "file again",
                    name, problem, there, static_cast<std::uint64_t>(promised)));
}

std::shared_ptr<const ItemArray> open_npy_file(const std::string& path) {
    auto file = std::make_shared<const ReadFile>(path, "an NPY file");
    const std::uint64_t size = file->size();
    return open_npy_at(std::move(file), 0, size, path);
}

}  // namespace

std::shared_ptr<const ItemArray> open_npy_at(std::shared_ptr<const ReadFile> file,
                                             std::uint64_t offset, std::uint64_t size,
                                             const std::string& name) {
    std::vector<std::byte> start(std::min<std::uint64_t>(size, npy_header_limit + 12));
    file->read(offset, start);
    NpyHeader header = parse_npy_header(start, name);
    check_size(header, size, name);
    return std::make_shared<FileArray>(std::move(file), header.type, std::move(header.shape),
                                       FilePlace{offset + header.bytes, 0}, name);
}

std::shared_ptr<const ItemArray> open_npy_bytes(std::vector<std::byte> bytes,
                                                const std::string& name) {
    const std::size_t start = std::min<std::size_t>(bytes.size(), npy_header_limit + 12);
    NpyHeader header = parse_npy_header(std::span(bytes).first(start), name);
    check_size(header, bytes.size(), name);
    return std::make_shared<MemoryArray>(name, header.type, std::move(header.shape),
                                         std::move(bytes), header.bytes);
}

StoredSet open_npy(const DataSpec& spec) {
    StoredSet set;
    set.images = open_npy_file(spec.images);
    if (!spec.labels.empty()) set.labels = open_npy_file(spec.labels);
    return set;
}

}  // namespace acim
