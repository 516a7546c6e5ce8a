// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/local_rows.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "host/core/error.hpp"
#include "host/hdf5/library.hpp"
#include "host/hdf5/native_type.hpp"
#include "host/hdf5/reader.hpp"
#include "host/hdf5/row_reader.hpp"

namespace acim::hdf5 {

namespace {

std::optional<ElementType> stored_type(hid_t type) {
    const std::size_t size = H5Tget_size(type);
    if (H5Tget_class(type) == H5T_FLOAT) {
        if (size == 4) return ElementType::f32;
        return size == 8 ? std::optional(ElementType::f64) : std::nullopt;
    }
    if (H5Tget_class(type) != H5T_INTEGER) return std::nullopt;
    const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
    switch (size) {
        case 1:
            return is_signed ? ElementType::i8 : ElementType::u8;
        case 2:
            return is_signed ? ElementType::i16 : ElementType::u16;
        case 4:
            return is_signed ? ElementType::i32 : ElementType::u32;
        case 8:
            return is_signed ? ElementType::i64 : ElementType::u64;
        default:
            return std::nullopt;
    }
}

}  // namespace

void LocalRows::fail(const std::string& problem) const {
    throw InputError(fmt::format("{}: {}: {}", name_, dataset_name_, problem));
}

void LocalRows::open_dataset(hid_t access) {
    dataset_ = Id(H5Dopen2(file_.get(), dataset_name_.c_str(), access));
    if (!dataset_.valid()) {
        H5Eclear2(H5E_DEFAULT);
        fail("no such dataset. Check the name and what wrote the file");
    }
}

void LocalRows::read_type() {
    const Id stored(H5Dget_type(dataset_.get()));
    const auto known = stored_type(stored.get());
    if (!known)
        fail(
            "holds values of a kind that is not read. Store integers or floating-point numbers "
            "of 4 or 8 bytes");
    type_ = *known;
}

void LocalRows::read_dims() {
    const Id space(H5Dget_space(dataset_.get()));
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 1 || static_cast<unsigned>(rank) > max_rank)
        fail(fmt::format("rank {}. An array of 1 to {} axes is read", rank, max_rank));
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
    dims_.assign(sizes.begin(), sizes.end());
}

std::uint64_t LocalRows::check_storage() const {
    const Id creation(H5Dget_create_plist(dataset_.get()));
    const H5D_layout_t layout = H5Pget_layout(creation.get());
    if (layout == H5D_VIRTUAL || H5Pget_external_count(creation.get()) > 0)
        fail("keeps its values in other files. Store them in this one");
    if (layout != H5D_CHUNKED) {
        H5D_space_status_t status = H5D_SPACE_STATUS_ERROR;
        if (H5Dget_space_status(dataset_.get(), &status) < 0 ||
            status != H5D_SPACE_STATUS_ALLOCATED)
            fail_unwritten();
        return 0;
    }
    std::vector<hsize_t> chunk(dims_.size());
    if (H5Pget_chunk(creation.get(), static_cast<int>(dims_.size()), chunk.data()) < 0)
        fail("its chunks cannot be read. The file may be damaged; write it again");
    const Id stored(H5Dget_type(dataset_.get()));
    unsigned __int128 bytes = H5Tget_size(stored.get());
    for (const hsize_t d : chunk)
        if (d == 0) fail("its chunks are empty. The file may be damaged; write it again");
    for (const hsize_t d : chunk) bytes = std::min<unsigned __int128>(bytes * d, 1ULL << 60);
    if (bytes > RowReader::chunk_limit)
        fail(fmt::format("chunks of {} bytes; at most {} are read. Store chunks of one image",
                         static_cast<std::uint64_t>(bytes), RowReader::chunk_limit));
    check_filters(creation.get());
    check_chunks(chunk);
    return static_cast<std::uint64_t>(bytes);
}

void LocalRows::check_chunks(const std::vector<hsize_t>& chunk) const {
    unsigned __int128 expected = 1;
    for (std::size_t i = 0; i < dims_.size(); ++i)
        expected = std::min<unsigned __int128>(
            expected * (dims_[i] / chunk[i] + (dims_[i] % chunk[i] != 0 ? 1 : 0)), ~0ULL);
    hsize_t there = 0;
    const Id space(H5Dget_space(dataset_.get()));
    if (H5Dget_num_chunks(dataset_.get(), space.get(), &there) < 0 || there != expected)
        fail_unwritten();
}

void LocalRows::fail_unwritten() const {
    fail("not all of its values were written. Write the file again");
}

void LocalRows::check_filters(hid_t creation) const {
    const int filters = H5Pget_nfilters(creation);
    for (int i = 0; i < filters; ++i) {
        std::size_t values = 0;
        unsigned flags = 0, config = 0;
        const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values,
                                               nullptr, 0, nullptr, &config);
        if (id < 0 || id >= H5Z_FILTER_RESERVED)
            fail(
                fmt::format("is compressed by filter {}, which is no part of HDF5. Store it "
                            "with gzip, or uncompressed",
                            id));
    }
}

LocalRows::LocalRows(const std::string& path, const std::string& name, const std::string& dataset)
    : name_(name), dataset_name_(dataset) {
    const LibraryLock lock;
    file_ = open_file(path, name);
    open_dataset(H5P_DEFAULT);
    read_type();
    read_dims();
    if (const std::uint64_t chunk = check_storage(); chunk > 0) {
        // Threads work on images far apart: room for several chunks, whatever their size.
        const std::uint64_t cache =
            std::clamp<std::uint64_t>(32 * chunk, 1 << 20, RowReader::cache_limit);
        const Id access = made(H5Pcreate(H5P_DATASET_ACCESS), dataset);
        done(H5Pset_chunk_cache(access.get(), 4099, static_cast<std::size_t>(cache), 1.0), dataset);
        dataset_.reset();
        open_dataset(access.get());
    }
    file_ = Id(H5Iget_file_id(dataset_.get()));  // another one behind a link
    stamp_ = stamp();
}

LocalRows::Stamp LocalRows::stamp() const {
    void* handle = nullptr;
    struct stat facts {};
    if (H5Fget_vfd_handle(file_.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr ||
        ::fstat(*static_cast<int*>(handle), &facts) != 0)
        fail("cannot be watched for changes. Copy it to a local disk");
    return {facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

void LocalRows::read(std::uint64_t first, std::uint64_t count, void* out) const {
    const LibraryLock lock;
    ACIM_EXPECT(first <= dims_[0] && count <= dims_[0] - first);
    if (count == 0) return;
    std::vector<hsize_t> start(dims_.size(), 0);
    std::vector<hsize_t> extent(dims_.begin(), dims_.end());
    start[0] = first;
    extent[0] = count;
    const Id space(H5Dget_space(dataset_.get()));
    done(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(),
                             nullptr),
         dataset_name_);
    const Id memory = made(
        H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), dataset_name_);
    const herr_t status =
        H5Dread(dataset_.get(), native_type(type_), memory.get(), space.get(), H5P_DEFAULT, out);
    const std::string reason = status < 0 ? error_text() : "";
    if (stamp() != stamp_)
        throw StorageError(
            fmt::format("{}: has changed since it was opened. Put the old content "
                        "back and run again; what is stored stays",
                        name_));
    if (status < 0)
        fail("cannot be read (" + reason + "). The file may be damaged; write it again");
}

}  // namespace acim::hdf5
