// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/hdf5/element.hpp"
#include "host/hdf5/library.hpp"

namespace acim::hdf5 {

// What RowReader promises, by the HDF5 library in this process. The last handle of the file is the
// one to close, so members stand in their order.
class LocalRows {
public:
    // `name` stands for the file in messages. Throws as RowReader::open.
    LocalRows(const std::string& path, const std::string& name, const std::string& dataset);

    const Dims& dims() const { return dims_; }
    ElementType type() const { return type_; }
    void read(std::uint64_t first, std::uint64_t count, void* out) const;

private:
    struct Stamp {
        std::int64_t bytes = 0, seconds = 0, nanoseconds = 0;
        bool operator==(const Stamp&) const = default;
    };

    void open_dataset(hid_t access);
    void read_type();
    void read_dims();
    std::uint64_t check_storage() const;  // the bytes of a chunk; 0 for a contiguous dataset
    // A chunk that was never written takes no room in the file, whatever the shape promises.
    void check_chunks(const std::vector<hsize_t>& chunk) const;
    // Filters beyond those of the library itself would be loaded as code from elsewhere.
    void check_filters(hid_t creation) const;
    Stamp stamp() const;  // of the open file, whatever its path names by now
    [[noreturn]] void fail(const std::string& problem) const;
    [[noreturn]] void fail_unwritten() const;

    std::string name_, dataset_name_;
    Id file_, dataset_;
    Dims dims_;
    ElementType type_ = ElementType::u8;
    Stamp stamp_;
};

}  // namespace acim::hdf5
