// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "host/hdf5/backend.hpp"
#include "host/hdf5/child_process.hpp"

namespace acim::hdf5 {

// Answers in a child process what a RemoteReader asks.
Service service_of(std::shared_ptr<const Backend> file);

}  // namespace acim::hdf5
