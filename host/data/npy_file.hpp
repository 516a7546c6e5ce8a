// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/data/item_array.hpp"
#include "host/data/read_file.hpp"

namespace acim {

// The NPY file that takes the bytes [offset, offset + size) of a file, exactly; `name` stands for it
// in messages. It stays on disk.
std::shared_ptr<const ItemArray> open_npy_at(std::shared_ptr<const ReadFile> file,
                                             std::uint64_t offset, std::uint64_t size,
                                             const std::string& name);

// An NPY file in memory.
std::shared_ptr<const ItemArray> open_npy_bytes(std::vector<std::byte> bytes,
                                                const std::string& name);

}  // namespace acim
