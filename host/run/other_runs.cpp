// SPDX-License-Identifier: Apache-2.0
#include "host/run/other_runs.hpp"

#include <cerrno>
#include <csignal>
#include <fstream>

#include <fmt/format.h>

#include "host/core/here_and_now.hpp"
#include "host/store/attempt.hpp"

namespace acim {
namespace {

// Parts of one cut have no unit in common; of parts of different cuts nothing is known.
bool may_share_units(const std::string& other, const Shard& own) {
    const std::string count = "/" + std::to_string(own.count);
    return other == own.name() || !other.ends_with(count);
}

// Dead, but not yet waited for by its parent: in a container that may take for ever.
bool is_zombie(std::int64_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    std::getline(file, line);
    const std::size_t end = line.rfind(')');  // of the program's name, which may hold anything
    return end != std::string::npos && line.substr(end).starts_with(") Z");
}

// A process of this machine that is gone cannot report any more, however young its last report is.
bool is_gone(const Attempt& attempt) {
    if (attempt.pid <= 0 || attempt.host != host_name()) return false;
    if (::kill(static_cast<pid_t>(attempt.pid), 0) != 0) return errno == ESRCH;
    return is_zombie(attempt.pid);
}

}  // namespace

std::string other_runs_line(const std::filesystem::path& run_directory, const Shard& shard,
                            std::string_view own) {
    const std::int64_t now = attempt_clock();
    std::string first;
    std::size_t count = 0;
    for (const Attempt& a : load_attempts(run_directory)) {
        if (a.token == own || !seems_alive(a, now) || !may_share_units(a.shard, shard)) continue;
        if (is_gone(a)) continue;
        if (++count > 1) continue;
        const std::string process = a.pid > 0 ? fmt::format(", process {},", a.pid) : "";
        first = fmt::format("shard {} on {}{} since {}", a.shard, a.host, process, a.start);
    }
    if (count == 0) return "";
    if (count > 1) first += fmt::format(" and {} more", count - 1);
    return fmt::format(
        "{}: another run seems to be at work here: {}. This does no harm, but both compute the "
        "same "
        "units. To share them give --shard 0/2 and --shard 1/2, or use submit",
        run_directory.string(), first);
}

}  // namespace acim
