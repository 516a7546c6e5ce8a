// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace acim {

// What this process may use of its machine, which is less than the machine has where a batch system, a
// container or ulimit says so.
struct Allotment {
    std::uint64_t memory = std::uint64_t{1} << 63;  // [byte]
    int cores = 1 << 16;
};

// Limits of the control groups of this process and of those above, versions 1 and 2; what no file
// below `root` limits keeps its default. A share of cores is rounded up.
Allotment group_limits(const std::filesystem::path& root = "/");

// The least of the machine's memory, the limits of its control groups and that of its address space
// (ulimit -v); 2^63 where the system does not say.
std::uint64_t usable_memory();

// Cores that this process may run on (affinity, as Slurm, taskset and cpusets set it), no more than
// what its control groups grant; at least 1.
int usable_cores();

// How many of `wanted` threads have room at once where each takes `bytes`; what a few bytes of a file
// ask for must not exhaust the machine. Throws InputError, which begins with `what` ("one image"),
// where not even one has.
int threads_in_memory(int wanted, std::uint64_t bytes, const std::string& what,
                      std::uint64_t memory = usable_memory());

}  // namespace acim
