// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <ostream>

namespace acim {

// The point table of a results file as CSV (RFC 4180: CRLF, quotes where needed), all parameters
// and aggregates, columns in file order. Numbers are the shortest text that reads back equal; NaN
// is an empty field.
void export_csv(const std::filesystem::path& results, std::ostream& out);
void export_csv(const std::filesystem::path& results, const std::filesystem::path& csv);

}  // namespace acim
