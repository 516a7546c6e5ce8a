// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/queue_report.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "host/cluster/shell_text.hpp"
#include "host/cluster/slurm.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

// "pending (Resources)", "held (JobHeldUser)", "running".
std::string state_text(const QueuedTask& task) {
    std::string state = task.state;
    std::transform(state.begin(), state.end(), state.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? ' ' : c;
    });
    if (state != "pending") return state;
    // JobHeldUser, JobHeldAdmin, launch failed requeued held.
    const bool held = task.reason.find("eld") != std::string::npos;
    return fmt::format("{} ({})", held ? "held" : state, task.reason);
}

// Parts that no task in the queue is going to run, although they have work left.
std::string unattended(const JobRecord& record, const std::vector<QueuedTask>& queue,
                       const UnfinishedShards& unfinished) {
    std::set<std::uint32_t> attended;
    for (const QueuedTask& task : tasks_of(record, queue))
        if (task.index) attended.insert(*task.index);
    std::vector<std::uint32_t> left;
    for (const std::uint32_t shard : unfinished(record.shards))
        if (!attended.contains(shard)) left.push_back(shard);
    if (left.empty()) return "";
    return fmt::format(
        "parts {} of {} have work left, but no task: the same acimsweep submit goes on with them\n",
        index_list(left), record.shards);
}

std::string elsewhere(const JobRecord& record, const std::string& why) {
    return fmt::format("Slurm job {} on cluster {}, submitted from {} at {}: {}\n", record.job,
                       record.cluster, record.host, record.time, why);
}

std::string report(const std::vector<JobRecord>& records, const UnfinishedShards& unfinished) {
    const JobRecord& newest = records.back();
    const auto site = slurm_site();
    if (!site) return elsewhere(newest, "this machine has no Slurm");
    if (site->cluster != newest.cluster)
        return elsewhere(newest, "this machine belongs to cluster " + site->cluster);
    const auto queue = queued_tasks(records);
    if (!queue) return elsewhere(newest, "squeue is missing");
    std::string text;
    for (const JobRecord& record : records) {
        if (record.cluster != site->cluster) continue;
        if (&record == &newest || !tasks_of(record, *queue).empty())
            text += queue_line(record, *queue) + "\n";
    }
    return text + unattended(newest, *queue, unfinished);
}

}  // namespace

std::string queue_line(const JobRecord& record, const std::vector<QueuedTask>& queue) {
    std::map<std::string, std::vector<std::uint32_t>> states;
    for (const QueuedTask& task : tasks_of(record, queue))
        states[state_text(task)].push_back(task.index.value_or(0));
    std::string text =
        fmt::format("Slurm job {}, tasks {} of {}:", record.job, record.tasks, record.shards);
    const char* between = " ";
    for (auto& [state, indices] : states) {
        std::sort(indices.begin(), indices.end());
        text += fmt::format("{}{} {}", between, index_list(indices), state);
        between = ", ";
    }
    if (states.empty()) text += " none is queued or runs";
    for (const QueuedTask& task : queue)
        if (task.job == record.merge && task.name == record.name + "-merge")
            text += fmt::format("; merging job {} {}", record.merge, state_text(task));
    return text;
}

std::string queue_report(const std::vector<JobRecord>& records,
                         const UnfinishedShards& unfinished) {
    if (records.empty()) return "";
    try {
        return report(records, unfinished);
    } catch (const InputError& error) {
        return elsewhere(records.back(), error.what());
    }
}

}  // namespace acim
