// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/hdf5/backend.hpp"
#include "host/hdf5/library.hpp"

namespace acim::hdf5 {

// Reads a file by the HDF5 library in this process: one that this program wrote, or, in a child
// process, any. Every call takes the one HDF5 mutex of the process.
class LocalReader final : public Backend {
public:
    static constexpr std::size_t attribute_cap = std::size_t{16} << 20;  // [byte]

    // `name` stands for the file in messages.
    static std::unique_ptr<LocalReader> open(const std::string& path, const std::string& name,
                                             std::uint64_t byte_cap);
    static std::unique_ptr<LocalReader> read_image(std::span<const std::byte> bytes,
                                                   const std::string& name, std::uint64_t byte_cap);

    const std::string& name() const override { return name_; }
    bool exists(const std::string& path) const override;
    bool is_group(const std::string& path) const override;
    bool is_dataset(const std::string& path) const override;
    std::vector<std::string> members(const std::string& group) const override;

    Dims dims(const std::string& dataset) const override;
    TypeClass type_class(const std::string& dataset) const override;
    std::size_t checked_count(const std::string& dataset, std::size_t element_bytes) const override;
    std::size_t checked_rows(const std::string& dataset, std::uint64_t first, std::uint64_t count,
                             std::size_t element_bytes) const override;
    void read_raw(const std::string& dataset, ElementType type, std::size_t values,
                  void* data) const override;
    void read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                       std::uint64_t count, std::size_t values, void* data) const override;
    std::vector<std::string> read_strings(const std::string& dataset) const override;

    std::vector<std::string> attributes(const std::string& object) const override;
    bool has_attribute(const std::string& object, const std::string& name) const override;
    TypeClass attribute_class(const std::string& object, const std::string& name) const override;
    std::size_t attribute_count(const std::string& object, const std::string& name) const override;
    void attribute_raw(const std::string& object, const std::string& name, ElementType type,
                       std::size_t values, void* data) const override;
    std::string attribute_text(const std::string& object, const std::string& name) const override;

private:
    LocalReader(const std::string& name, std::uint64_t byte_cap);
    // The checked reads that the functions above share (local_values.cpp). Callers hold the lock.
    Id open_dataset(const std::string& path) const;
    Dims extent(const std::string& path, const Id& space) const;
    std::size_t checked_size(const std::string& path, const Dims& dims,
                             std::size_t element_bytes) const;
    // A few bytes can claim a shape of gigabytes: refuses what deflate cannot have packed so small.
    void check_storage(const std::string& path, hid_t dataset, std::size_t count) const;
    // Reads the selection as numbers of the wanted type; enumerations (h5py's booleans) count as
    // integers.
    void read_numbers(const std::string& path, hid_t dataset, hid_t memory, hid_t selection,
                      ElementType type, void* data) const;
    // A dataset can name other files that hold its values; where those are missing, the library makes
    // some up.
    void check_own_values(const std::string& path, hid_t dataset) const;
    [[noreturn]] void fail(const std::string& what, const std::string& problem,
                           const std::string& advice) const;
    [[noreturn]] void fail_with_reason(const std::string& what) const;

    Id file_;
    std::string name_;
    std::uint64_t byte_cap_ = 0;
};

TypeClass class_of(hid_t type);

}  // namespace acim::hdf5
