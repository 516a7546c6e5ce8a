// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace acim {

// Writes text to standard output and makes sure that it arrived. StorageError.
void print(std::string_view text);

// What is better known before the work than after it: InputError where the output names one of the
// inputs; StorageError where its directory is missing or where something other than a regular file
// has its name, because files are put in place by rename, which would replace a link or a device.
void check_output_file(const std::filesystem::path& out,
                       const std::vector<std::filesystem::path>& inputs = {});

// Writes one line "acimsweep: warning: text" to standard error.
void warn(std::string_view text);

// The program's version, as in "0.1.0".
const char* program_version();

}  // namespace acim
