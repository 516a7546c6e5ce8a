// SPDX-License-Identifier: Apache-2.0
#include "host/core/machine_memory.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "host/core/error.hpp"

namespace acim {

std::uint64_t machine_memory() {
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || size <= 0) return std::uint64_t{1} << 63;
    return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size);
}

int threads_in_memory(int wanted, std::uint64_t bytes, const std::string& what,
                      std::uint64_t memory) {
    const std::uint64_t fit = memory / std::max<std::uint64_t>(bytes, 1);
    if (fit == 0)
        throw InputError(
            fmt::format("{} takes {} MB, this machine has {} MB. Use a smaller network or input, "
                        "or a larger machine",
                        what, bytes >> 20, memory >> 20));
    return static_cast<int>(std::min<std::uint64_t>(fit, static_cast<std::uint64_t>(wanted)));
}

}  // namespace acim
