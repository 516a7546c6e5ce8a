// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/cluster/job_record.hpp"

namespace acim {

// A job, or a task of an array, that is queued, runs or ends right now.
struct QueuedTask {
    std::uint64_t job = 0;               // of the array
    std::optional<std::uint32_t> index;  // in the array
    std::string state;                   // PENDING, RUNNING, ...
    std::string reason;                  // why it is pending
    std::string name;
};

// Lines "job|index|state|reason|name" of squeue; a line of another form is passed over.
std::vector<QueuedTask> parse_queue(const std::string& text);

// What squeue knows of these submissions. nullopt where this machine has no squeue; InputError where
// it does not answer.
std::optional<std::vector<QueuedTask>> queued_tasks(const std::vector<JobRecord>& records);

// Of these, the tasks of a submission's array.
std::vector<QueuedTask> tasks_of(const JobRecord& record, const std::vector<QueuedTask>& queue);

}  // namespace acim
