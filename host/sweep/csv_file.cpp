// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/csv_file.hpp"

#include <cmath>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/sweep/value.hpp"

namespace acim {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> cells;
    for (;;) {
        const std::size_t comma = line.find(',');
        cells.push_back(trimmed(line.substr(0, comma)));
        if (comma == std::string_view::npos) return cells;
        line.remove_prefix(comma + 1);
    }
}

// Collects the lines of one file.
struct CsvReader {
    std::string name;
    std::size_t most_values;
    CsvTable table = {};
    int line = 0;

    [[noreturn]] void fail(const std::string& what) const {
        throw InputError(fmt::format("{}:{}: {}", name, line, what));
    }

    void header(const std::vector<std::string_view>& cells) {
        for (const std::string_view cell : cells) {
            if (cell.empty() || parse_number(cell)) {
                fail(fmt::format("column {} is {}, but the first line must name the columns.",
                                 table.columns.size() + 1, shown(cell)));
            }
            table.columns.emplace_back(cell);
        }
        table.values.resize(cells.size());
    }

    void row(const std::vector<std::string_view>& cells) {
        if (cells.size() != table.columns.size()) {
            fail(fmt::format("has {} values, but the header names {} columns.", cells.size(),
                             table.columns.size()));
        }
        if ((table.lines.size() + 1) * cells.size() > most_values) {
            fail(fmt::format("is beyond {} values. Thin the table out.", most_values));
        }
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto value = parse_number(cells[i]);
            if (!value || !std::isfinite(*value)) {
                fail(fmt::format("{} is {}, but must be a finite number.", table.columns[i],
                                 shown(cells[i])));
            }
            table.values[i].push_back(*value + 0.0);  // never -0
        }
        table.lines.push_back(line);
    }
};

constexpr std::size_t most_line = 1U << 20;  // [byte]

}  // namespace

CsvTable read_csv(const std::filesystem::path& file, std::size_t most_values) {
    CsvReader reader{file.string(), most_values};
    std::ifstream in(file, std::ios::binary);
    if (!in) throw InputError(reader.name + ": cannot be read. Check the path.");
    std::string text;
    while (std::getline(in, text)) {
        ++reader.line;
        if (text.size() > most_line || text.find('\0') != std::string::npos) {
            reader.fail("is not a line of numbers. Give a CSV or HDF5 file.");
        }
        const std::string_view content = trimmed(text);
        if (content.empty() || content.front() == '#') continue;
        const auto cells = cells_of(content);
        if (reader.table.columns.empty()) {
            reader.header(cells);
        } else {
            reader.row(cells);
        }
    }
    if (reader.table.lines.empty()) {
        throw InputError(reader.name +
                         ": holds no values. Give a header line and rows of numbers.");
    }
    return std::move(reader.table);
}

}  // namespace acim
