// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/local_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/native_type.hpp"

namespace acim::hdf5 {

namespace {

// The link walk that H5Oexists_by_name wants before it may be called.
bool path_exists(hid_t file, const std::string& path) {
    std::size_t at = 0;
    while (at != std::string::npos) {
        at = path.find('/', at + 1);
        const std::string part = path.substr(0, at);
        if (part.empty() || part == "/") {
            continue;
        }
        if (H5Lexists(file, part.c_str(), H5P_DEFAULT) <= 0 ||
            H5Oexists_by_name(file, part.c_str(), H5P_DEFAULT) <= 0) {
            H5Eclear2(H5E_DEFAULT);
            return false;
        }
    }
    return true;
}

H5O_type_t object_type(hid_t file, const std::string& path) {
    if (!path_exists(file, path)) {
        return H5O_TYPE_UNKNOWN;
    }
    H5O_info_t info{};
    if (H5Oget_info_by_name2(file, path.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
        H5Eclear2(H5E_DEFAULT);
        return H5O_TYPE_UNKNOWN;
    }
    return info.type;
}

herr_t collect_name(hid_t, const char* name, const H5L_info_t*, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

}  // namespace

LocalReader::LocalReader(const std::string& name, std::uint64_t byte_cap)
    : name_(name), byte_cap_(byte_cap) {}

std::unique_ptr<LocalReader> LocalReader::open(const std::string& path, const std::string& name,
                                               std::uint64_t byte_cap) {
    const LibraryLock lock;
    std::unique_ptr<LocalReader> reader(new LocalReader(name, byte_cap));
    reader->file_ = open_file(path, name);
    return reader;
}

std::unique_ptr<LocalReader> LocalReader::read_image(std::span<const std::byte> bytes,
                                                     const std::string& name,
                                                     std::uint64_t byte_cap) {
    const LibraryLock lock;
    std::unique_ptr<LocalReader> reader(new LocalReader(name, byte_cap));
    const Id access = made(H5Pcreate(H5P_FILE_ACCESS), name);
    done(H5Pset_fapl_core(access.get(), 1 << 20, false), name);
    if (bytes.empty() ||
        H5Pset_file_image(access.get(), const_cast<std::byte*>(bytes.data()), bytes.size()) < 0) {
        fail_not_hdf5(name, "it is empty");
    }
    reader->file_ = Id(H5Fopen(image_name().c_str(), H5F_ACC_RDONLY, access.get()));
    if (!reader->file_.valid()) {
        fail_not_hdf5(name, error_text());
    }
    return reader;
}

bool LocalReader::exists(const std::string& path) const {
    const LibraryLock lock;
    return path_exists(file_.get(), path);
}

bool LocalReader::is_group(const std::string& path) const {
    const LibraryLock lock;
    return object_type(file_.get(), path) == H5O_TYPE_GROUP;
}

bool LocalReader::is_dataset(const std::string& path) const {
    const LibraryLock lock;
    return object_type(file_.get(), path) == H5O_TYPE_DATASET;
}

std::vector<std::string> LocalReader::members(const std::string& group) const {
    const LibraryLock lock;
    const Id object(H5Gopen2(file_.get(), group.c_str(), H5P_DEFAULT));
    if (!object.valid()) {
        fail(group, "no such group", "Check what wrote the file");
    }
    const Id creation(H5Gget_create_plist(object.get()));
    unsigned order = 0;
    H5Pget_link_creation_order(creation.get(), &order);
    const H5_index_t by = (order & H5P_CRT_ORDER_INDEXED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    std::vector<std::string> names;
    if (H5Literate(object.get(), by, H5_ITER_INC, nullptr, collect_name, &names) < 0) {
        fail_with_reason(group);
    }
    return names;
}

Dims LocalReader::dims(const std::string& dataset) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    return extent(dataset, Id(H5Dget_space(object.get())));
}

TypeClass LocalReader::type_class(const std::string& dataset) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    const Id type(H5Dget_type(object.get()));
    return class_of(type.get());
}

std::size_t LocalReader::checked_count(const std::string& dataset,
                                       std::size_t element_bytes) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    const std::size_t count =
        checked_size(dataset, extent(dataset, Id(H5Dget_space(object.get()))), element_bytes);
    check_storage(dataset, object.get(), count);
    return count;
}

std::size_t LocalReader::checked_rows(const std::string& dataset, std::uint64_t first,
                                      std::uint64_t count, std::size_t element_bytes) const {
    Dims sizes = dims(dataset);
    if (sizes.empty() || first > sizes[0] || count > sizes[0] - first) {
        fail(dataset,
             fmt::format("rows {} to {} asked for, the dataset has {}", first, first + count,
                         sizes.empty() ? 0 : sizes[0]),
             "Check the range");
    }
    sizes[0] = count;
    return checked_size(dataset, sizes, element_bytes);
}

void LocalReader::read_raw(const std::string& dataset, ElementType type, std::size_t,
                           void* data) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    read_numbers(dataset, object.get(), H5S_ALL, H5S_ALL, type, data);
}

void LocalReader::read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                                std::uint64_t count, std::size_t, void* data) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    const Id space(H5Dget_space(object.get()));
    const Dims sizes = extent(dataset, Id(H5Scopy(space.get())));
    std::vector<hsize_t> start(sizes.size(), 0);
    std::vector<hsize_t> extent(sizes.begin(), sizes.end());
    start[0] = first;
    extent[0] = count;
    if (std::find(extent.begin(), extent.end(), 0U) != extent.end()) {
        return;
    }
    done(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(),
                             nullptr),
         dataset);
    const Id memory =
        made(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), dataset);
    read_numbers(dataset, object.get(), memory.get(), space.get(), type, data);
}

}  // namespace acim::hdf5
