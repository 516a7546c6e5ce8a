// SPDX-License-Identifier: Apache-2.0
#include "host/core/allotment.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;

// The number at the start of a file; `otherwise` where there is none, as in "max".
std::int64_t number_in(const fs::path& file, std::int64_t otherwise) {
    std::ifstream in(file);
    std::int64_t number = 0;
    return in >> number && number >= 0 ? number : otherwise;
}

void limit_memory(const fs::path& file, Allotment& most) {
    const auto bytes = static_cast<std::uint64_t>(number_in(file, -1));  // -1: beyond any memory
    most.memory = std::min(most.memory, bytes);
}

// `quota` of each `period` [us].
void limit_cores(std::int64_t quota, std::int64_t period, Allotment& most) {
    if (quota <= 0 || period <= 0) return;
    const std::int64_t cores = quota / period + (quota % period != 0);
    most.cores = static_cast<int>(std::min<std::int64_t>(most.cores, cores));
}

void limit_by_group(const fs::path& folder, Allotment& most) {
    limit_memory(folder / "memory.max", most);
    limit_memory(folder / "memory.limit_in_bytes", most);  // version 1
    limit_cores(number_in(folder / "cpu.cfs_quota_us", 0),
                number_in(folder / "cpu.cfs_period_us", 0), most);
    std::ifstream in(folder / "cpu.max");
    std::int64_t quota = 0, period = 0;
    if (in >> quota >> period) limit_cores(quota, period, most);
}

// By a group and all above it, up to the root of its tree.
void limit_by_tree(fs::path folder, const fs::path& group, Allotment& most) {
    limit_by_group(folder, most);
    for (const fs::path& part : group.relative_path()) {
        if (part == "..") return;
        limit_by_group(folder /= part, most);
    }
}

}  // namespace

Allotment group_limits(const fs::path& root) {
    Allotment most;
    std::ifstream groups(root / "proc/self/cgroup");
    // Lines are ID:CONTROLLERS:/GROUP; version 2 has one tree for all and names no controllers. A
    // container may not see the group that is named, then its own root has the limits. Controllers that
    // share a tree are found by each of their names.
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::istringstream names(line.substr(first + 1, second - first - 1) + ",");
        for (std::string name; std::getline(names, name, ',');)
            limit_by_tree(root / "sys/fs/cgroup" / name, line.substr(second + 1), most);
    }
    return most;
}

std::uint64_t usable_memory() {
    std::uint64_t most = group_limits().memory;
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages > 0 && size > 0)
        most = std::min(most, static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size));
    rlimit space{};
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        most = std::min<std::uint64_t>(most, space.rlim_cur);
    return most;
}

int usable_cores() {
    const int granted = group_limits().cores;
    cpu_set_t own;
    // The set is too small for machines of more than 1,024 cores, which then say how many there are.
    if (sched_getaffinity(0, sizeof own, &own) == 0) return std::min(granted, CPU_COUNT(&own));
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, granted);
}

int threads_in_memory(int wanted, std::uint64_t bytes, const std::string& what,
                      std::uint64_t memory) {
    const std::uint64_t fit = memory / std::max<std::uint64_t>(bytes, 1);
    if (fit == 0)
        throw InputError(
            fmt::format("{} takes {} MB, this process may use {} MB. Use a smaller network or "
                        "input, a larger machine, or ask the batch system for more memory",
                        what, bytes >> 20, memory >> 20));
    return static_cast<int>(std::min<std::uint64_t>(fit, static_cast<std::uint64_t>(wanted)));
}

}  // namespace acim
