// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/cuda_emulation/emulation.hpp"
#include "tests/cuda_emulation/meeting.hpp"

namespace acim::emulation {

// Runs all blocks of a grid, one after another, and returns when the last thread has exited. The
// configuration must be valid; one host thread at a time.
void run_grid(const cudaLaunchConfig_t& config, const Body& body);

// Most dynamic shared memory of a block on compute capability 9.0 [byte].
inline constexpr std::size_t shared_capacity = std::size_t{227} << 10;

}  // namespace acim::emulation
