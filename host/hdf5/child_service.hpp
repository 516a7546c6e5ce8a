// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/hdf5/child_process.hpp"

namespace acim::hdf5 {

// The life of a child process: gives up what it need not have, opens the file, answers requests until
// the connection ends.
[[noreturn]] void serve_in_child(const ChildTask& task, int connection);

}  // namespace acim::hdf5
