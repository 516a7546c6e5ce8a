// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace acim {

// What `acimsweep check` found.
struct CheckReport {
    std::vector<std::string> damaged;  // file and reason, a line each
    std::vector<std::string> notes;    // stray temporary files, missing seals
    std::uint64_t segments = 0;        // good ones
    std::uint64_t trials = 0;          // in good segments, once each, or rows of a file
    std::uint64_t planned = 0;         // trials of the plan (run directories only)
    std::uint64_t missing = 0;         // planned but not stored

    bool good() const { return damaged.empty(); }
};

// A run directory or one results or segment file. InputError when the path is none of them.
CheckReport check_run(const std::filesystem::path& path);

}  // namespace acim
