// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/sweep/spec.hpp"

namespace acim {

// Reads and checks a sweep file (docs/sweep_format.md). Each override is key=value as after --set:
// a dotted path and a YAML value, applied in order on top of the file. Throws InputError with file,
// line and key; every point's configuration is checked by expand().
SweepSpec load_sweep(const std::filesystem::path& path,
                     const std::vector<std::string>& overrides = {});

// Reads and checks the file of `acimsweep mac`.
MacFile load_macro_file(const std::filesystem::path& path,
                        const std::vector<std::string>& overrides = {});

}  // namespace acim
