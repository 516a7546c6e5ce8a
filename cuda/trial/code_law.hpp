// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace acim {

// The law of one ADC code under Gaussian noise, in integers: `cells[i]` of the 65536 cells of a
// 16-bit uniform for code offset first + i, and the residual law of what does not fill whole cells.
struct CellLaw {
    int first = 0;                        // offset of the lowest code from the base code
    std::vector<std::uint32_t> cells;     // one per offset, may be 0
    std::uint32_t escape_cells = 0;       // 65536 - sum of cells
    std::vector<std::uint64_t> residual;  // cumulative, 2^64 steps: offset i if u < residual[i]
};

// One column of the cell layout: offset0 up to and including cell `last_cell_of_first`, then offset1.
struct CellColumn {
    int offset0 = 0, offset1 = 0;
    int last_cell_of_first = 0;
};

// Law of rne(fraction + sigma*z) before clipping, 0 <= fraction < 1, sigma > 0 [LSB].
CellLaw cell_law(double fraction, double sigma);

// Order-preserving layout in 64 columns, nothing if the law does not fit. ESCAPE takes the first
// cells of column 0; then the lowest codes fill columns upwards and the highest ones downwards; a
// code that does not fill its column shares it with the nearest inner code that has cells enough.
// So codes ascend with u wherever no column would hold more than two codes.
std::optional<std::vector<CellColumn>> layout_columns(const CellLaw& law);

// Offset that a 64-bit uniform picks from the residual law.
int residual_offset(const CellLaw& law, std::uint64_t u);

}  // namespace acim
