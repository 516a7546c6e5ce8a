// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/local_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/native_type.hpp"

namespace acim::hdf5 {

namespace {

// Turns a clipped or fractional value into an error; lost precision of wide integers is none.
H5T_conv_ret_t refuse_clipping(H5T_conv_except_t problem, hid_t, hid_t, void*, void*, void* seen) {
    if (problem == H5T_CONV_EXCEPT_PRECISION) {
        return H5T_CONV_UNHANDLED;
    }
    *static_cast<bool*>(seen) = true;
    return H5T_CONV_ABORT;
}

}  // namespace

TypeClass class_of(hid_t type) {
    switch (H5Tget_class(type)) {
        case H5T_INTEGER:
        case H5T_ENUM:
            return TypeClass::integer;
        case H5T_FLOAT:
            return TypeClass::floating;
        case H5T_STRING:
            return TypeClass::text;
        default:
            return TypeClass::other;
    }
}

Id LocalReader::open_dataset(const std::string& path) const {
    Id object(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT));
    if (!object.valid()) {
        H5Eclear2(H5E_DEFAULT);
        fail(path, "no such dataset", "Check the name and what wrote the file");
    }
    return object;
}

Dims LocalReader::extent(const std::string& path, const Id& space) const {
    if (!space.valid()) {
        fail_with_reason(path);
    }
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
        fail(path, "holds no data", "Write it with values");
    }
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 0) {
        fail_with_reason(path);
    }
    if (static_cast<unsigned>(rank) > max_rank) {
        fail(path, fmt::format("rank {}", rank), fmt::format("At most {} are read", max_rank));
    }
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
    return Dims(sizes.begin(), sizes.end());
}

std::size_t LocalReader::checked_size(const std::string& path, const Dims& sizes,
                                      std::size_t element_bytes) const {
    unsigned __int128 bytes = element_bytes;
    bool empty = false;
    for (const std::uint64_t size : sizes) {
        empty = empty || size == 0;
        bytes = std::min<unsigned __int128>(bytes, byte_cap_) * std::max<std::uint64_t>(size, 1);
    }
    if (empty) {
        return 0;
    }
    if (bytes > byte_cap_) {
        fail(path,
             fmt::format("shape {} needs more than {} bytes",
                         fmt::format("[{}]", fmt::join(sizes, ", ")), byte_cap_),
             "The file may be damaged, or split the data");
    }
    return static_cast<std::size_t>(bytes) / element_bytes;
}

void LocalReader::check_storage(const std::string& path, hid_t dataset, std::size_t count) const {
    constexpr std::size_t small = 1 << 20;
    constexpr std::size_t most_packed = 1032;  // values a byte: deflate's largest ratio
    if (count <= small || count / most_packed <= H5Dget_storage_size(dataset)) {
        return;
    }
    fail(path,
         fmt::format("claims {} values and holds {} bytes", count, H5Dget_storage_size(dataset)),
         "Write the values, not only their shape");
}

void LocalReader::check_own_values(const std::string& path, hid_t dataset) const {
    const Id creation(H5Dget_create_plist(dataset));
    if (H5Pget_layout(creation.get()) == H5D_VIRTUAL || H5Pget_external_count(creation.get()) > 0) {
        fail(path, "keeps its values in other files", "Store them in this one");
    }
}

void LocalReader::read_numbers(const std::string& path, hid_t dataset, hid_t memory,
                               hid_t selection, ElementType type, void* data) const {
    const Id stored(H5Dget_type(dataset));
    const TypeClass kind = class_of(stored.get());
    if (kind != TypeClass::integer && kind != TypeClass::floating) {
        fail(path, "holds no numbers", "Write integers or floating-point numbers");
    }
    check_own_values(path, dataset);
    bool clipped = false;
    const Id transfer = made(H5Pcreate(H5P_DATASET_XFER), path);
    done(H5Pset_type_conv_cb(transfer.get(), refuse_clipping, &clipped), path);
    const hid_t native = native_type(type);
    herr_t status = 0;
    if (H5Tget_class(stored.get()) == H5T_ENUM) {
        const Id base(H5Tget_super(stored.get()));
        const Id extent(memory == H5S_ALL ? H5Dget_space(dataset) : H5Scopy(memory));
        const auto count = static_cast<std::size_t>(H5Sget_simple_extent_npoints(extent.get()));
        const std::size_t wanted = H5Tget_size(native);
        std::vector<std::byte> buffer(count * std::max(wanted, H5Tget_size(base.get())));
        status = H5Dread(dataset, stored.get(), memory, selection, transfer.get(), buffer.data());
        if (status >= 0) {
            status = H5Tconvert(base.get(), native, count, buffer.data(), nullptr, transfer.get());
        }
        std::copy_n(buffer.data(), count * wanted, static_cast<std::byte*>(data));
    } else {
        status = H5Dread(dataset, native, memory, selection, transfer.get(), data);
    }
    if (clipped) {
        H5Eclear2(H5E_DEFAULT);
        fail(path, "a value does not fit the type that is needed (out of range, a fraction or NaN)",
             "Write the values in the documented type");
    }
    if (status < 0) {
        fail_with_reason(path);
    }
}

void LocalReader::fail(const std::string& what, const std::string& problem,
                       const std::string& advice) const {
    throw InputError(fmt::format("{}: {}: {}. {}", name_, what, problem, advice));
}

void LocalReader::fail_with_reason(const std::string& what) const {
    fail(what, "cannot be read (" + error_text() + ")", "The file may be damaged; write it again");
}

}  // namespace acim::hdf5
