// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/random/code_cell.hpp"

namespace acim {

// A column of the table of cells (cuda/model/random/code_cell.hpp) in the order that costs a GPU the
// fewest instructions: code 0 in bits 0..10, code 1 in 11..21, and on top the first cell T of code 1.
// Compared as a whole: (f << 22 | 0x3FFFFF) > entry says f >= T, since no codes are all ones.
struct TileCell {
    static constexpr int code_bits = 11, split_shift = 22;
    static constexpr std::uint32_t code_mask = (1u << code_bits) - 1,
                                   rest = (1u << split_shift) - 1;
    static constexpr std::int32_t largest_code = 2046;

    static std::uint32_t from(std::uint32_t cell) {
        const auto code0 = static_cast<std::uint32_t>(CodeCell::code(&cell, 0));
        const std::uint32_t last = cell >> CodeCell::split_shift;
        if (last == cells_per_column - 1)  // all cells are code 0's
            return last << split_shift | code0 << code_bits | code0;
        const auto code1 = static_cast<std::uint32_t>(CodeCell::code(&cell, cells_per_column - 1));
        return (last + 1) << split_shift | code1 << code_bits | code0;
    }

    // Byte offset of the column of uniform u in a row of 64: four times its top six bits. `low` is 1
    // for the uniform in the upper half of a word of two, 0 for the lower.
    template <bool upper>
    ACIM_HD static std::uint32_t column_offset(std::uint32_t two) {
        return two >> (upper ? 24 : 8) & 0xFCu;
    }
    // The code of that uniform by the entry of its column.
    template <bool upper>
    ACIM_HD static std::int32_t code(std::uint32_t entry, std::uint32_t two) {
        const std::uint32_t cell = (upper ? two >> 16 : two) * (1u << split_shift) + rest;
        return static_cast<std::int32_t>((cell > entry ? entry >> code_bits : entry) & code_mask);
    }
};

// The same with codes of eight bits, code 0 in byte 0 and code 1 in byte 1, for sums of eight bits: a
// dot product of bytes picks the code, weighs it and adds it at once.
struct ByteCell {
    static constexpr std::int32_t largest_code = 255, largest_sum = 255;

    static std::uint32_t from(std::uint32_t cell) {
        const std::uint32_t wide = TileCell::from(cell);
        return (wide & ~TileCell::rest) | (wide >> TileCell::code_bits & 0xFFu) << 8 |
               (wide & 0xFFu);
    }

    // What is left of a word of two uniforms: four times the top six bits of each, in bytes 1 and 3.
    ACIM_HD static std::uint32_t columns(std::uint32_t two) { return two & 0xFC00FC00u; }
    // The entry's code is that of byte 1, else of byte 0.
    template <bool upper>
    ACIM_HD static bool second(std::uint32_t entry, std::uint32_t two) {
        return (upper ? two >> 16 : two) * (1u << TileCell::split_shift) + TileCell::rest > entry;
    }
};

}  // namespace acim
