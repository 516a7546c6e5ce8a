// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace acim {

// Memory of this machine [byte], or 2^63 where the system does not say.
std::uint64_t machine_memory();

// How many of `wanted` threads have room at once where each takes `bytes`; what a few bytes of a file
// ask for must not exhaust the machine. Throws InputError, which begins with `what` ("one image"),
// where not even one has.
int threads_in_memory(int wanted, std::uint64_t bytes, const std::string& what,
                      std::uint64_t memory = machine_memory());

}  // namespace acim
