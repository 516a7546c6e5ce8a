// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/data/item_array.hpp"

namespace acim {

struct NpyHeader {
    ValueType type = ValueType::u1;
    std::vector<std::uint64_t> shape;
    std::size_t bytes = 0;  // the values begin behind so many
};

// No header may be longer.
inline constexpr std::size_t npy_header_limit = std::size_t{1} << 16;

// Reads the beginning of an NPY file, versions 1.0, 2.0 and 3.0 (NumPy, "NEP 1: a simple file format
// for NumPy arrays"). The header is a Python dictionary of three known keys; it is parsed as such,
// never evaluated. `start` is the file's first npy_header_limit + 12 bytes, or all of it. Throws
// InputError for anything else and for arrays that are big-endian, in Fortran order, pickled, or of
// values that are no plain numbers.
NpyHeader parse_npy_header(std::span<const std::byte> start, const std::string& name);

}  // namespace acim
