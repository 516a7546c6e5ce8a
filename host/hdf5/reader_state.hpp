// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/hdf5/library.hpp"
#include "host/hdf5/reader.hpp"

namespace acim::hdf5 {

// What a Reader holds, and the checked reads that its functions share. Callers hold the lock.
struct Reader::State {
    Id file;
    std::string name;
    std::uint64_t byte_cap = 0;

    Id dataset(const std::string& path) const;
    Dims dims(const std::string& path, const Id& space) const;
    std::size_t checked_size(const std::string& path, const Dims& dims,
                             std::size_t element_bytes) const;
    // A few bytes can claim a shape of gigabytes: refuses what deflate cannot have packed so small.
    void check_storage(const std::string& path, hid_t dataset, std::size_t count) const;
    // Reads the selection as numbers of the wanted type; enumerations (h5py's booleans) count as
    // integers.
    void read_numbers(const std::string& path, hid_t dataset, hid_t memory, hid_t selection,
                      ElementType type, void* data) const;

    [[noreturn]] void fail(const std::string& what, const std::string& problem,
                           const std::string& advice) const;
    [[noreturn]] void fail_with_reason(const std::string& what) const;
};

TypeClass class_of(hid_t type);

}  // namespace acim::hdf5
