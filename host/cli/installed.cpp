// SPDX-License-Identifier: Apache-2.0
#include "host/core/project_files.hpp"

namespace acim {

std::string source_tree() { return {}; }

}  // namespace acim
