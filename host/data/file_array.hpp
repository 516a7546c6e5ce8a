// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/data/item_array.hpp"
#include "host/data/read_file.hpp"

namespace acim {

// Where the items of an array lie in a file: item i at offset + i * stride.
struct FilePlace {
    std::uint64_t offset = 0;
    std::uint64_t stride = 0;  // 0: items follow one another
};

// An uncompressed array that stays on disk: each read copies its range by pread into the caller's
// buffer. A memory map would save this copy, but a file that shrinks under a map kills the process
// (SIGBUS) with all that it has not stored yet; a read that comes back short is an error like any
// other.
class FileArray final : public ItemArray {
public:
    // Throws InputError unless the file holds all items. `name` stands for the array in messages
    // where it is a part of the file.
    FileArray(std::shared_ptr<const ReadFile> file, ValueType type, std::vector<std::uint64_t> dims,
              FilePlace place, const std::string& name = {});

    std::span<const std::byte> read(std::uint64_t first, std::uint64_t count,
                                    std::vector<std::byte>& space) const override;

private:
    std::shared_ptr<const ReadFile> file_;
    FilePlace place_;
};

// Arrays of equal items one after the other.
class JoinedArray final : public ItemArray {
public:
    explicit JoinedArray(std::vector<std::shared_ptr<const ItemArray>> parts);

    std::span<const std::byte> read(std::uint64_t first, std::uint64_t count,
                                    std::vector<std::byte>& space) const override;

private:
    std::vector<std::shared_ptr<const ItemArray>> parts_;
};

}  // namespace acim
