// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace acim {

// The table of `acimsweep pareto`: every finished point with its parameters, accuracy with interval,
// energy and efficiency, most efficient first; * marks the front. InputError for a file without a
// finished point.
std::string pareto_table(const std::filesystem::path& results);

}  // namespace acim
