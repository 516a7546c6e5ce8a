// SPDX-License-Identifier: Apache-2.0
#include "host/engine/shift_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace acim {
namespace {

// At most one draw in a hundred may fall between the bounds of its class.
constexpr int max_open_cells = static_cast<int>(total_cells) / 100;

// One column of one row, unpacked.
struct Cell {
    int code0, code1, last_of_code0;

    explicit Cell(std::uint32_t entry)
        : code0(static_cast<int>(entry & 0x3FFFu)),
          code1(code0 + static_cast<std::int8_t>(entry >> CodeCell::code_bits & 0xFFu)),
          last_of_code0(static_cast<int>(entry >> CodeCell::split_shift)) {}
};

// Offsets of a column from s.
struct Offsets {
    int low = 0, high = 0;
    bool splits() const { return low != high; }
};

// A table seen as rows of columns.
class Rows {
public:
    explicit Rows(const CycleLaw& law) : law_(law) {}
    int count() const { return law_.scale().full_scale + 1; }
    Cell at(int s, int column) const {
        return Cell(law_.cells()[static_cast<std::size_t>(s) * cell_columns + column]);
    }

    // The offsets that hold in every row, or nothing.
    std::optional<Offsets> offsets(int column) const {
        const int middle = count() / 2, top = law_.scale().code_max;
        const Cell m = at(middle, column);
        const Offsets o{m.code0 - middle, m.code1 - middle};
        if (std::abs(o.low) > ShiftTable::max_offset || std::abs(o.high) > ShiftTable::max_offset)
            return std::nullopt;
        for (int s = 0; s < count(); ++s) {
            const Cell c = at(s, column);
            if (c.code0 != std::clamp(s + o.low, 0, top) ||
                c.code1 != std::clamp(s + o.high, 0, top))
                return std::nullopt;
        }
        return o;
    }

private:
    const CycleLaw& law_;
};

// Bounds of the thresholds of one splitting column, class by class; returns the cells between them
// in the widest class.
int fill_slots(ShiftTable& table, const Rows& rows, int column, int first) {
    int widest = 0;
    for (int k = 0; k <= table.top_class; ++k) {
        table.low[first + k] = cells_per_column - 1;
        table.high[first + k] = 0;
    }
    for (int s = 0; s < rows.count(); ++s) {
        const int slot = first + std::min<int>(s, table.top_class);
        const auto last = static_cast<std::uint16_t>(rows.at(s, column).last_of_code0);
        table.low[slot] = std::min(table.low[slot], last);
        table.high[slot] = std::max(table.high[slot], last);
        widest = std::max(widest, table.high[slot] - table.low[slot]);
    }
    return widest;
}

}  // namespace

std::optional<ShiftTable> find_shift_table(const CycleLaw& law) {
    const Rows rows(law);
    ShiftTable table;
    table.code_max = static_cast<std::uint16_t>(law.scale().code_max);
    std::vector<Offsets> offsets;
    int splitting = 0;
    for (int c = 0; c < cell_columns; ++c) {
        const auto o = rows.offsets(c);
        if (!o) return std::nullopt;
        offsets.push_back(*o);
        splitting += o->splits();
    }
    int classes = ShiftTable::slots;
    while (classes * std::max(1, splitting) > ShiftTable::slots) classes /= 2;
    if (classes == 0) return std::nullopt;
    table.top_class = static_cast<std::uint16_t>(classes - 1);
    int first = 0, open = 0;
    for (int c = 0; c < cell_columns; ++c) {
        const Offsets& o = offsets[static_cast<std::size_t>(c)];
        table.column[c] = static_cast<std::uint16_t>((o.splits() ? first : 0) | (o.low & 31) << 6 |
                                                     (o.high & 31) << 11);
        if (!o.splits()) continue;
        open += fill_slots(table, rows, c, first);
        first += classes;
    }
    return open <= max_open_cells ? std::optional(table) : std::nullopt;
}

}  // namespace acim
