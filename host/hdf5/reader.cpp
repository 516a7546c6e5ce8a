// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/reader.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/native_type.hpp"
#include "host/hdf5/reader_state.hpp"
#include "host/hdf5/screen.hpp"

namespace acim::hdf5 {

namespace {

constexpr const char* not_hdf5 =
    "{}: not a readable HDF5 file ({}). It may be truncated or damaged; write it again";

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

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
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
    screen_path(path, [&] { return open_unscreened(path, byte_cap); });
    return open_unscreened(path, byte_cap);
}

Reader Reader::open_unscreened(const std::string& path, std::uint64_t byte_cap) {
    const LibraryLock lock;
    auto state = std::make_unique<State>();
    state->name = path;
    state->byte_cap = byte_cap;
    state->file = Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (!state->file.valid()) {
        throw InputError(fmt::format(not_hdf5, path, error_text()));
    }
    return Reader(std::move(state));
}

Reader Reader::from_bytes(std::span<const std::byte> bytes, const std::string& name,
                          std::uint64_t byte_cap, Origin origin) {
    if (origin == Origin::foreign) {
        screen(name, bytes.size(), [&] { return read_image(bytes, name, byte_cap); });
    }
    return read_image(bytes, name, byte_cap);
}

Reader Reader::read_image(std::span<const std::byte> bytes, const std::string& name,
                          std::uint64_t byte_cap) {
    const LibraryLock lock;
    auto state = std::make_unique<State>();
    state->name = name;
    state->byte_cap = byte_cap;
    const Id access = made(H5Pcreate(H5P_FILE_ACCESS), name);
    done(H5Pset_fapl_core(access.get(), 1 << 20, false), name);
    if (bytes.empty() ||
        H5Pset_file_image(access.get(), const_cast<std::byte*>(bytes.data()), bytes.size()) < 0) {
        throw InputError(fmt::format(not_hdf5, name, "it is empty"));
    }
    state->file = Id(H5Fopen(image_name().c_str(), H5F_ACC_RDONLY, access.get()));
    if (!state->file.valid()) {
        throw InputError(fmt::format(not_hdf5, name, error_text()));
    }
    return Reader(std::move(state));
}

const std::string& Reader::name() const { return state_->name; }

bool Reader::exists(const std::string& path) const {
    const LibraryLock lock;
    return path_exists(state_->file.get(), path);
}

bool Reader::is_group(const std::string& path) const {
    const LibraryLock lock;
    return object_type(state_->file.get(), path) == H5O_TYPE_GROUP;
}

bool Reader::is_dataset(const std::string& path) const {
    const LibraryLock lock;
    return object_type(state_->file.get(), path) == H5O_TYPE_DATASET;
}

std::vector<std::string> Reader::members(const std::string& group) const {
    const LibraryLock lock;
    const Id object(H5Gopen2(state_->file.get(), group.c_str(), H5P_DEFAULT));
    if (!object.valid()) {
        state_->fail(group, "no such group", "Check what wrote the file");
    }
    const Id creation(H5Gget_create_plist(object.get()));
    unsigned order = 0;
    H5Pget_link_creation_order(creation.get(), &order);
    const H5_index_t by = (order & H5P_CRT_ORDER_INDEXED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
    std::vector<std::string> names;
    if (H5Literate(object.get(), by, H5_ITER_INC, nullptr, collect_name, &names) < 0) {
        state_->fail_with_reason(group);
    }
    return names;
}

Dims Reader::dims(const std::string& dataset) const {
    const LibraryLock lock;
    const Id object = state_->dataset(dataset);
    return state_->dims(dataset, Id(H5Dget_space(object.get())));
}

TypeClass Reader::type_class(const std::string& dataset) const {
    const LibraryLock lock;
    const Id object = state_->dataset(dataset);
    const Id type(H5Dget_type(object.get()));
    return class_of(type.get());
}

bool Reader::is_bare_dimension(const std::string& dataset) const {
    return has_attribute(dataset, "NAME") && attribute_class(dataset, "NAME") == TypeClass::text &&
           attribute_text(dataset, "NAME").starts_with("This is a netCDF dimension but not");
}

std::size_t Reader::checked_count(const std::string& dataset, std::size_t element_bytes) const {
    const LibraryLock lock;
    const Id object = state_->dataset(dataset);
    const std::size_t count = state_->checked_size(
        dataset, state_->dims(dataset, Id(H5Dget_space(object.get()))), element_bytes);
    state_->check_storage(dataset, object.get(), count);
    return count;
}

std::size_t Reader::checked_rows(const std::string& dataset, std::uint64_t first,
                                 std::uint64_t count, std::size_t element_bytes) const {
    Dims sizes = dims(dataset);
    if (sizes.empty() || first > sizes[0] || count > sizes[0] - first) {
        state_->fail(dataset,
                     fmt::format("rows {} to {} asked for, the dataset has {}", first,
                                 first + count, sizes.empty() ? 0 : sizes[0]),
                     "Check the range");
    }
    sizes[0] = count;
    return state_->checked_size(dataset, sizes, element_bytes);
}

void Reader::read_raw(const std::string& dataset, ElementType type, void* data) const {
    const LibraryLock lock;
    const Id object = state_->dataset(dataset);
    state_->read_numbers(dataset, object.get(), H5S_ALL, H5S_ALL, type, data);
}

void Reader::read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                           std::uint64_t count, void* data) const {
    const LibraryLock lock;
    const Id object = state_->dataset(dataset);
    const Id space(H5Dget_space(object.get()));
    const Dims sizes = state_->dims(dataset, Id(H5Scopy(space.get())));
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
    state_->read_numbers(dataset, object.get(), memory.get(), space.get(), type, data);
}

void Reader::fail_not_scalar(const std::string& what) const {
    state_->fail(what, "holds no single value", "Write one number");
}

}  // namespace acim::hdf5
