// SPDX-License-Identifier: Apache-2.0
#include "host/core/project_files.hpp"

#include <cstdlib>

namespace acim {
namespace {

namespace fs = std::filesystem;

// The program may be reached through a link; its files lie beside what the link names.
fs::path program_folder() {
    std::error_code unknown;
    return fs::read_symlink("/proc/self/exe", unknown).parent_path();
}

}  // namespace

fs::path project_files() {
    if (const std::string sources = source_tree(); !sources.empty()) return sources;
    const fs::path folder = (program_folder() / ACIM_FILES_FROM_PROGRAM).lexically_normal();
    std::error_code none;
    return fs::is_directory(folder, none) ? folder : fs::path();
}

fs::path data_folder() {
    if (const char* data = std::getenv("ACIMSWEEP_DATA"); data != nullptr && *data != '\0')
        return data;
    return project_files() / "data";
}

}  // namespace acim
