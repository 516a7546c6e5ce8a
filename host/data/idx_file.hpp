// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "host/data/item_array.hpp"

namespace acim {

// A header may promise at most this many bytes.
inline constexpr std::uint64_t idx_byte_limit = std::uint64_t{1} << 40;

// Opens an IDX file of unsigned bytes: 00 00 08 nd, nd big-endian uint32 sizes, then the values in C
// order (the format of MNIST by LeCun, Cortes and Burges). A gzip-compressed file, told by its first
// bytes, is inflated to memory, which grows with what is really there, and no more is inflated than
// the header promises; a plain one stays on disk. Throws InputError naming the file.
std::shared_ptr<const ItemArray> open_idx_file(const std::string& path);

}  // namespace acim
