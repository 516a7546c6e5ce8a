// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace acim {

// The program: runs one command and turns every exception into an exit code of host/core/error.hpp
// and one line "acimsweep: message" on standard error.
int run_command_line(int argc, const char* const* argv);

}  // namespace acim
