// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/cluster/array_job.hpp"

namespace acim {

// The script of one task of an array under Slurm. It runs the engine in the background and decides
// when that has ended (docs/clusters.md):
//
//   exit code                        then
//   0, 1, 2                          the task ends
//   3 after the time limit's signal  it is queued again
//   3 or SIGTERM otherwise           it ends: somebody cancelled it
//   4, or killed                     it is queued again
//
// at most `requeues` times. The time limit is told by SIGUSR1, to the shell alone; SIGTERM is what
// scancel sends to every process of a job. So neither can be taken for the other.
std::string task_script(const ArrayJob& job);

// The script of the job behind the array: it merges whatever there is, and fails if trials are
// missing.
std::string merge_script(const ArrayJob& job);

}  // namespace acim
