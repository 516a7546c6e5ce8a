// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace acim {

// The results file itself, or that of a run directory; warns where the directory holds finished units
// that its results.h5 lacks. InputError for a directory without one.
std::filesystem::path results_file(const std::filesystem::path& results);

}  // namespace acim
