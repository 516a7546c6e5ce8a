// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/reader.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/local_reader.hpp"
#include "host/hdf5/remote_reader.hpp"

namespace acim::hdf5 {

Reader::Reader(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}
Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Reader Reader::open(const std::string& path, std::uint64_t byte_cap) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        throw InputError(fmt::format("{}: no such file. Check the path", path));
    }
    if (!std::filesystem::is_regular_file(path, error)) {
        throw InputError(fmt::format("{}: not a file. Give the path of an HDF5 file", path));
    }
    return Reader(RemoteReader::open(path, byte_cap));
}

Reader Reader::from_bytes(std::span<const std::byte> bytes, const std::string& name,
                          std::uint64_t byte_cap, Origin origin) {
    if (origin == Origin::sealed) return Reader(LocalReader::read_image(bytes, name, byte_cap));
    return Reader(RemoteReader::read_image(bytes, name, byte_cap));
}

const std::string& Reader::name() const { return backend_->name(); }

bool Reader::exists(const std::string& path) const { return backend_->exists(path); }
bool Reader::is_group(const std::string& path) const { return backend_->is_group(path); }
bool Reader::is_dataset(const std::string& path) const { return backend_->is_dataset(path); }

std::vector<std::string> Reader::members(const std::string& group) const {
    return backend_->members(group);
}

Dims Reader::dims(const std::string& dataset) const { return backend_->dims(dataset); }

TypeClass Reader::type_class(const std::string& dataset) const {
    return backend_->type_class(dataset);
}

bool Reader::is_bare_dimension(const std::string& dataset) const {
    return has_attribute(dataset, "NAME") && attribute_class(dataset, "NAME") == TypeClass::text &&
           attribute_text(dataset, "NAME").starts_with("This is a netCDF dimension but not");
}

std::vector<std::string> Reader::read_strings(const std::string& dataset) const {
    return backend_->read_strings(dataset);
}

std::string Reader::read_text(const std::string& dataset) const {
    std::vector<std::string> texts = read_strings(dataset);
    if (texts.size() != 1) {
        fail_not_scalar(dataset);
    }
    return std::move(texts[0]);
}

std::vector<std::string> Reader::attributes(const std::string& object) const {
    return backend_->attributes(object);
}

bool Reader::has_attribute(const std::string& object, const std::string& name) const {
    return backend_->has_attribute(object, name);
}

TypeClass Reader::attribute_class(const std::string& object, const std::string& name) const {
    return backend_->attribute_class(object, name);
}

std::string Reader::attribute_text(const std::string& object, const std::string& name) const {
    return backend_->attribute_text(object, name);
}

void Reader::fail_not_scalar(const std::string& what) const {
    throw InputError(fmt::format("{}: {}: holds no single value. Write one number", name(), what));
}

}  // namespace acim::hdf5
