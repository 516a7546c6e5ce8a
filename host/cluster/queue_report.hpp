// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/cluster/job_record.hpp"
#include "host/cluster/slurm_queue.hpp"

namespace acim {

// One line for a submission, without its end: how many tasks are in which state, and why those wait
// that do.
std::string queue_line(const JobRecord& record, const std::vector<QueuedTask>& queue);

// The parts of a sweep with work left, of so many.
using UnfinishedShards = std::function<std::vector<std::uint32_t>(std::uint32_t count)>;

// What Slurm says of the submissions of a run directory: those that are queued, and the newest one.
// Parts that have work left and no task are named. A submission to a cluster that this machine does
// not belong to is only told of. "" without records, and then nothing is asked.
std::string queue_report(const std::vector<JobRecord>& records, const UnfinishedShards& unfinished);

}  // namespace acim
