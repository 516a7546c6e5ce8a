// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/slurm_queue.hpp"

#include <array>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "host/cluster/program.hpp"
#include "host/cluster/shell_text.hpp"
#include "host/core/error.hpp"
#include "host/core/parse_number.hpp"

namespace acim {
namespace {

constexpr const char* squeue_format = "--format=%F|%K|%T|%r|%j";

}  // namespace

std::vector<QueuedTask> parse_queue(const std::string& text) {
    std::vector<QueuedTask> queue;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        std::array<std::string, 5> fields;
        std::istringstream rest(line);
        for (std::size_t i = 0; i + 1 < fields.size(); ++i) std::getline(rest, fields[i], '|');
        std::getline(rest, fields.back());
        QueuedTask task{0, std::nullopt, fields[2], fields[3], fields[4]};
        std::uint32_t index = 0;
        if (parse_number(fields[1], index)) task.index = index;
        if (parse_number(fields[0], task.job) && !task.state.empty()) queue.push_back(task);
    }
    return queue;
}

std::optional<std::vector<QueuedTask>> queued_tasks(const std::vector<JobRecord>& records) {
    // By name and not by number: squeue fails for a number that it has forgotten.
    std::set<std::string> wanted;
    for (const JobRecord& record : records) wanted.insert(plain_name(record.name));
    std::string names;
    for (const std::string& name : wanted) names += fmt::format("{0},{0}-merge,", name);
    const auto result =
        run_program({"squeue", "--noheader", "--array", squeue_format, "--name=" + names});
    if (!result) return std::nullopt;
    if (!result->succeeded())
        throw InputError(fmt::format("squeue: {}. Is Slurm's controller up?", result->complaint()));
    return parse_queue(result->output);
}

std::vector<QueuedTask> tasks_of(const JobRecord& record, const std::vector<QueuedTask>& queue) {
    std::vector<QueuedTask> tasks;
    for (const QueuedTask& task : queue)
        if (task.job == record.job && task.name == record.name) tasks.push_back(task);
    return tasks;
}

}  // namespace acim
