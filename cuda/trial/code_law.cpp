// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/code_law.hpp"

#include <algorithm>

#include "cuda/model/random/code_cell.hpp"
#include "cuda/trial/normal_law.hpp"

namespace acim {
namespace {

// Working state of the layout: what is left of each code, and the columns found so far.
struct Packing {
    std::vector<std::uint32_t> left;
    std::vector<CellColumn> columns{static_cast<std::size_t>(cell_columns)};
    int first = 0;

    // Fills column `col` upwards from code `lowest`; false if no inner code can complete it.
    bool fill_from_below(int col, int lowest, std::uint32_t escape) {
        const std::uint32_t room = cells_per_column - escape;
        const int end = static_cast<int>(left.size());
        const std::uint32_t own = std::min(left[lowest], room);
        int partner = lowest;
        if (own < room) {
            partner = lowest + 1;
            while (partner < end && left[partner] < room - own) ++partner;
            if (partner == end) return false;
            left[partner] -= room - own;
        }
        left[lowest] -= own;
        columns[col] = {first + lowest, first + partner, static_cast<int>(escape + own) - 1};
        return true;
    }

    // Fills column `col` downwards from code `highest`.
    bool fill_from_above(int col, int highest) {
        int partner = highest - 1;
        while (partner >= 0 && left[partner] < cells_per_column - left[highest]) --partner;
        if (partner < 0) return false;
        const std::uint32_t shared = cells_per_column - left[highest];
        left[partner] -= shared;
        left[highest] = 0;
        columns[col] = {first + partner, first + highest, static_cast<int>(shared) - 1};
        return true;
    }
};

}  // namespace

CellLaw cell_law(double fraction, double sigma) {
    CellLaw law;
    const int reach = static_cast<int>(9.0 * sigma) + 2;
    law.first = -reach;
    std::vector<double> rest;
    std::uint32_t sum = 0;
    for (int k = -reach; k <= reach + 1; ++k) {
        const double cells = total_cells * normal_slice((k - fraction) / sigma, 1.0 / sigma);
        const auto whole = static_cast<std::uint32_t>(cells);
        law.cells.push_back(whole);
        rest.push_back(cells - whole);
        sum += whole;
    }
    law.escape_cells = total_cells - sum;
    double total = 0.0;
    for (const double r : rest) total += r;
    double cumulative = 0.0;
    for (const double r : rest) {
        if (total > 0.0) cumulative += r / total;
        constexpr double two_to_64 = 18446744073709551616.0;
        law.residual.push_back(cumulative >= 1.0
                                   ? ~std::uint64_t{0}
                                   : static_cast<std::uint64_t>(cumulative * two_to_64));
    }
    return law;
}

std::optional<std::vector<CellColumn>> layout_columns(const CellLaw& law) {
    if (law.escape_cells >= static_cast<std::uint32_t>(cells_per_column)) return std::nullopt;
    Packing packing;
    packing.left = law.cells;
    packing.first = law.first;
    int lowest = 0, highest = static_cast<int>(law.cells.size()) - 1;
    int top_column = cell_columns - 1, column = 0;
    const auto skip_empty = [&] {
        while (highest > lowest && packing.left[highest] == 0) --highest;
        while (lowest < highest && packing.left[lowest] == 0) ++lowest;
    };
    // The lower tail first, in columns 0, 1, ...: every code too small for a column of its own.
    for (skip_empty(); packing.left[lowest] < static_cast<std::uint32_t>(cells_per_column) ||
                       (column == 0 && law.escape_cells > 0);
         ++column, skip_empty())
        if (column >= cell_columns ||
            !packing.fill_from_below(column, lowest, column == 0 ? law.escape_cells : 0))
            return std::nullopt;
    for (; packing.left[highest] < static_cast<std::uint32_t>(cells_per_column);
         --top_column, skip_empty())
        if (top_column < column || !packing.fill_from_above(top_column, highest))
            return std::nullopt;
    for (; column <= top_column; ++column, skip_empty())
        if (!packing.fill_from_below(column, lowest, 0)) return std::nullopt;
    return packing.columns;
}

int residual_offset(const CellLaw& law, std::uint64_t u) {
    std::size_t i = 0;
    while (i + 1 < law.residual.size() && u >= law.residual[i]) ++i;
    return law.first + static_cast<int>(i);
}

}  // namespace acim
