// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "host/cluster/array_job.hpp"
#include "host/cluster/slurm.hpp"

namespace acim {

// Writes the scripts into the run directory, submits the array and the job behind it, and records
// their numbers there. Gives what to tell the user: the numbers and what to do next. InputError with
// what sbatch said; where only the second job was refused, the array stays and is recorded.
std::string submit_to_slurm(const ArrayJob& job, const SlurmSite& site, std::uint64_t units);

}  // namespace acim
