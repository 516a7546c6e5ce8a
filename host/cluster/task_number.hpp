// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace acim {

using Environment = std::map<std::string, std::string>;

// The variables of this process.
Environment process_environment();

// Part `index` of `count` of a sweep.
struct TaskNumber {
    std::uint32_t index = 0;
    std::uint32_t count = 1;
    bool operator==(const TaskNumber&) const = default;
};

// Which part of a sweep this process is by what its scheduler set: ACIM_SHARD (i/n, which wins over
// everything), arrays of Slurm, Grid Engine, LSF, PBS, Kubernetes and GNU parallel, ranks of Open MPI,
// PMI and srun. `count` states the number of parts where the scheduler does not, or where an array
// has gaps; 0: the environment has to tell it. InputError where nothing is set, where the count is
// unknown, and where two variables contradict each other.
TaskNumber task_number(const Environment& environment, std::uint32_t count = 0);

}  // namespace acim
