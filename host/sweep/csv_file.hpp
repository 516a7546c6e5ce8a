// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace acim {

// A table of numbers as text: one header line, then a number for every column; commas between them.
// Empty lines and lines that start with # are skipped.
struct CsvTable {
    std::vector<std::string> columns;
    std::vector<std::vector<double>> values;  // [column][row]
    std::vector<int> lines;                   // line of every row, from 1
};

// Reads at most `most_values` numbers, all finite. Throws InputError: "file:line: problem. Advice".
CsvTable read_csv(const std::filesystem::path& file, std::size_t most_values);

}  // namespace acim
