// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace acim {

// Version of the program, from CMake's project().
std::string code_version();

}  // namespace acim
