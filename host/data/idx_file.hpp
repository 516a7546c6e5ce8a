// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace acim {

// An IDX file of unsigned bytes: 00 00 08 nd, nd big-endian uint32 sizes, then the values in C
// order (the format of MNIST by LeCun, Cortes and Burges).
struct IdxFile {
    std::vector<std::uint32_t> dims;
    std::vector<std::uint8_t> values;
};

// A header may promise at most this many bytes.
inline constexpr std::uint64_t idx_byte_limit = std::uint64_t{8} << 30;

// Reads a plain or gzip-compressed file. Memory grows with what is really there, and no more is
// inflated than the header promises. Throws InputError naming the file.
IdxFile read_idx(const std::string& path);

}  // namespace acim
