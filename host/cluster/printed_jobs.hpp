// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/cluster/array_job.hpp"

namespace acim {

enum class Scheduler { slurm, lsf, grid_engine, pbs };

// What its user can paste into a shell to submit the job: scripts, where the scheduler wants any,
// and the commands for the array and for the merging behind it. Creates and submits nothing.
// InputError where the scheduler cannot express what was asked.
std::string printed_job(Scheduler scheduler, const ArrayJob& job);

}  // namespace acim
