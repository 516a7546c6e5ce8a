// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

// The table sampler's contract: 65536 cells of a 16-bit uniform in 64 columns of 1024. A column
// holds at most two codes, the lower-placed one first; cells u < n_esc of column 0 are the ESCAPE
// outcome and are resolved by a further draw against the residual law.
namespace acim {

inline constexpr int cell_columns = 64;
inline constexpr int cells_per_column = 1024;
inline constexpr std::uint32_t total_cells = 65536;

// One column packed into 32 bits: code0 in bits 0..13, code1 - code0 in 14..21 (two's complement),
// last cell of code0 in 22..31.
struct CodeCell {
    static constexpr int code_bits = 14, delta_bits = 8, split_shift = 22;

    ACIM_HD static std::uint32_t pack(int code0, int code1, int last_cell_of_code0) {
        const auto delta = static_cast<std::uint32_t>(code1 - code0) & 0xFFu;
        return static_cast<std::uint32_t>(code0) | delta << code_bits |
               static_cast<std::uint32_t>(last_cell_of_code0) << split_shift;
    }

    // Code of the cell that holds u, if it is not an ESCAPE.
    ACIM_HD static int code(const std::uint32_t* row, std::uint32_t u) {
        const std::uint32_t entry = row[u >> 10];
        const int code0 = static_cast<int>(entry & 0x3FFFu);
        const int delta = static_cast<int>(entry << (32 - split_shift)) >> (32 - delta_bits);
        return (u & 1023u) > entry >> split_shift ? code0 + delta : code0;
    }
};

}  // namespace acim
