// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "cuda/trial/cycle_law.hpp"

namespace acim {

// A code table small enough for registers. With a lossless ADC the rows of a table are one
// another's shifts: a column gives clip(s + offset), and only the few columns that split need a
// threshold, which moves a little with s where sigma does. Rows are put into classes min(s,
// top_class); a class that holds several thresholds keeps their bounds, and a cell between the
// bounds is looked up in the table itself. So the codes are those of the table, whatever the law.
struct alignas(64) ShiftTable {
    static constexpr int slots = 64;       // thresholds in two 512-bit registers of 16-bit words
    static constexpr int max_offset = 15;  // five bits with sign

    // Per column: first slot of its thresholds in bits 0..5, offset of the lower code in 6..10, of
    // the upper one in 11..15.
    std::uint16_t column[64] = {};
    // Per slot: cells up to `low` surely hold the lower code, above `high` surely the upper one.
    std::uint16_t low[slots] = {}, high[slots] = {};
    std::uint16_t top_class = 0, code_max = 0;
};

// The register form of a table, if its rows are shifts and bounds are close enough to pay.
std::optional<ShiftTable> find_shift_table(const CycleLaw& law);

}  // namespace acim
