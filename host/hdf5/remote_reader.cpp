// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/remote_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "host/hdf5/local_reader.hpp"
#include "host/hdf5/reader.hpp"
#include "host/hdf5/reader_service.hpp"

namespace acim::hdf5 {

namespace {

// Room for the lengths and names beside the texts themselves [byte].
constexpr std::uint64_t text_overhead = std::uint64_t{16} << 20;

std::uint64_t size_of(const std::string& path) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    return error ? 0 : bytes;
}

}  // namespace

RemoteReader::RemoteReader(const ChildTask& task) : byte_cap_(task.byte_cap), child_(task) {}

std::unique_ptr<RemoteReader> RemoteReader::open(const std::string& path, std::uint64_t byte_cap) {
    const auto open = [&](const std::string& reachable, Answer&) {
        return service_of(LocalReader::open(reachable, path, byte_cap));
    };
    return std::unique_ptr<RemoteReader>(
        new RemoteReader({path, path, size_of(path), byte_cap, open}));
}

std::unique_ptr<RemoteReader> RemoteReader::read_image(std::span<const std::byte> bytes,
                                                       const std::string& name,
                                                       std::uint64_t byte_cap) {
    const auto open = [&](const std::string&, Answer&) {
        return service_of(LocalReader::read_image(bytes, name, byte_cap));
    };
    return std::unique_ptr<RemoteReader>(
        new RemoteReader({name, "", bytes.size(), byte_cap, open}));
}

bool RemoteReader::ask_yes(const Request& request) const { return child_.ask_number(request) != 0; }

TypeClass RemoteReader::ask_class(const Request& request) const {
    const std::uint64_t number = child_.ask_number(request);
    if (number > static_cast<std::uint64_t>(TypeClass::other)) child_.refuse_answer();
    return static_cast<TypeClass>(number);
}

std::size_t RemoteReader::ask_count(const Request& request, std::size_t element_bytes,
                                    std::uint64_t most_bytes) const {
    const std::uint64_t count = child_.ask_number(request);
    if (count > most_bytes / element_bytes) child_.refuse_answer();
    return count;
}

std::vector<std::string> RemoteReader::ask_texts(const Request& request) const {
    const auto bytes = child_.ask_bytes(request, 2 * byte_cap_ + text_overhead);
    std::vector<std::string> texts;
    if (!take(bytes, texts)) child_.refuse_answer();
    return texts;
}

bool RemoteReader::exists(const std::string& path) const {
    return ask_yes({.operation = Operation::exists, .object = path});
}

bool RemoteReader::is_group(const std::string& path) const {
    return ask_yes({.operation = Operation::is_group, .object = path});
}

bool RemoteReader::is_dataset(const std::string& path) const {
    return ask_yes({.operation = Operation::is_dataset, .object = path});
}

std::vector<std::string> RemoteReader::members(const std::string& group) const {
    return ask_texts({.operation = Operation::members, .object = group});
}

Dims RemoteReader::dims(const std::string& dataset) const {
    const auto bytes = child_.ask_bytes({.operation = Operation::dims, .object = dataset},
                                        max_rank * sizeof(std::uint64_t));
    Dims dims;
    if (!take(bytes, dims)) child_.refuse_answer();
    return dims;
}

TypeClass RemoteReader::type_class(const std::string& dataset) const {
    return ask_class({.operation = Operation::type_class, .object = dataset});
}

std::size_t RemoteReader::checked_count(const std::string& dataset,
                                        std::size_t element_bytes) const {
    return ask_count(
        {.operation = Operation::checked_count, .values = element_bytes, .object = dataset},
        element_bytes, byte_cap_);
}

std::size_t RemoteReader::checked_rows(const std::string& dataset, std::uint64_t first,
                                       std::uint64_t count, std::size_t element_bytes) const {
    return ask_count({.operation = Operation::checked_rows,
                      .first = first,
                      .count = count,
                      .values = element_bytes,
                      .object = dataset},
                     element_bytes, byte_cap_);
}

void RemoteReader::read_raw(const std::string& dataset, ElementType type, std::size_t values,
                            void* data) const {
    child_.ask(
        {.operation = Operation::read_raw, .type = type, .values = values, .object = dataset}, data,
        values * element_bytes(type));
}

void RemoteReader::read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                                 std::uint64_t count, std::size_t values, void* data) const {
    child_.ask({.operation = Operation::read_rows_raw,
                .type = type,
                .first = first,
                .count = count,
                .values = values,
                .object = dataset},
               data, values * element_bytes(type));
}

std::vector<std::string> RemoteReader::read_strings(const std::string& dataset) const {
    return ask_texts({.operation = Operation::read_strings, .object = dataset});
}

std::vector<std::string> RemoteReader::attributes(const std::string& object) const {
    return ask_texts({.operation = Operation::attributes, .object = object});
}

bool RemoteReader::has_attribute(const std::string& object, const std::string& name) const {
    return ask_yes({.operation = Operation::has_attribute, .object = object, .name = name});
}

TypeClass RemoteReader::attribute_class(const std::string& object, const std::string& name) const {
    return ask_class({.operation = Operation::attribute_class, .object = object, .name = name});
}

std::size_t RemoteReader::attribute_count(const std::string& object,
                                          const std::string& name) const {
    return ask_count({.operation = Operation::attribute_count, .object = object, .name = name}, 1,
                     LocalReader::attribute_cap);
}

void RemoteReader::attribute_raw(const std::string& object, const std::string& name,
                                 ElementType type, std::size_t values, void* data) const {
    child_.ask({.operation = Operation::attribute_raw,
                .type = type,
                .values = values,
                .object = object,
                .name = name},
               data, values * element_bytes(type));
}

std::string RemoteReader::attribute_text(const std::string& object, const std::string& name) const {
    const auto bytes =
        child_.ask_bytes({.operation = Operation::attribute_text, .object = object, .name = name},
                         byte_cap_ + text_overhead);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace acim::hdf5
