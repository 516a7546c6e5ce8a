// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/cluster/array_job.hpp"

namespace acim {

// What its user can paste into a shell to submit the job: scripts, where the scheduler wants any,
// and the commands for the array and for the merging behind it. Creates and submits nothing.
// `scheduler` of the job is slurm, lsf, sge or pbs. InputError where it cannot express what was asked.
std::string printed_job(const ArrayJob& job);

}  // namespace acim
