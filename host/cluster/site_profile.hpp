// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace acim {

// A site's own lines, for the head of every batch script: #SBATCH options, module loads, exports.
// They are taken as they are, since the user wrote them. InputError where the file cannot be read,
// is no text, or has an #SBATCH line behind a command, where Slurm would pass over it.
std::string read_site_profile(const std::filesystem::path& file);

}  // namespace acim
