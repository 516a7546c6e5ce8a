// SPDX-License-Identifier: Apache-2.0
#include "host/core/version.hpp"

namespace acim {

std::string code_version() { return ACIM_VERSION; }

}  // namespace acim
