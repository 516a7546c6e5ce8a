// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace acim {

// Runs `python3 -m MODULE ARGUMENTS...` with the Python package of this project on its path, with
// this process's standard streams, and waits for it. Gives its exit status, or -1 where no
// interpreter can be started. Interpreter: ACIM_PYTHON, else Debian's, else the first on PATH. No
// shell sees the arguments.
int run_python_module(const std::string& module, std::span<const std::string> arguments);

// The interpreter that run_python_module takes.
std::string python_interpreter();

}  // namespace acim
