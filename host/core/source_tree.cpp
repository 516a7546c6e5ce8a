// SPDX-License-Identifier: Apache-2.0
#include "host/core/project_files.hpp"

namespace acim {

// Alone in its file, so that a program with a definition of its own takes nothing of this one.
std::string source_tree() { return ACIM_SOURCE_DIR; }

}  // namespace acim
