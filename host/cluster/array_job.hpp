// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace acim {

// What every task asks of the scheduler, as its user wrote it; "" and 0: the site's default.
struct TaskResources {
    std::string gpus;  // [type:]count
    std::string mem;
    std::string time;
    std::string partition;
    std::string account;
    std::string qos;
    std::uint32_t cpus = 0;
    std::uint32_t max_running = 0;  // tasks at the same time
};

// A sweep as an array of tasks: task i runs part i of `shards`, and a job behind all of them merges.
struct ArrayJob {
    std::string name;                  // job_name()
    std::filesystem::path directory;   // of the run, absolute
    std::vector<std::string> command;  // `acimsweep run ...` without --shard and --threads
    std::vector<std::string> merge;    // `acimsweep merge ...`
    std::uint32_t shards = 1;
    std::vector<std::uint32_t> tasks;  // parts with work left, sorted
    std::uint32_t requeues = 5;        // how often a task may be started again
    std::string profile;               // the site's lines, see site_profile.hpp
    TaskResources resources;

    std::string scheduler = "slurm";  // names the folder of its scripts and logs

    std::filesystem::path logs() const { return directory / scheduler; }
    std::filesystem::path task_script() const { return logs() / "task.sh"; }
    std::filesystem::path merge_script() const { return logs() / "merge.sh"; }
};

}  // namespace acim
