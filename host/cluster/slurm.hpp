// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/cluster/array_job.hpp"

namespace acim {

// What `scontrol show config` tells of a site.
struct SlurmSite {
    std::string cluster;
    std::uint32_t max_array_size = 0;  // one above the largest number of a task; 0: no arrays
};

// From the text of `scontrol show config`. InputError where it lacks something.
SlurmSite parse_slurm_config(const std::string& text);

// The site that this machine belongs to; nullopt where it has no Slurm. InputError where Slurm does
// not answer.
std::optional<SlurmSite> slurm_site();

// The words of sbatch for the array, and for the merging behind the array `array_job`. What the
// user gave is passed here and not in the script, where #SBATCH lines cannot be quoted.
std::vector<std::string> array_arguments(const ArrayJob& job);
std::vector<std::string> merge_arguments(const ArrayJob& job, const std::string& array_job);

// Runs sbatch and gives the number of the job. InputError with what sbatch said.
std::uint64_t submit(const std::vector<std::string>& words);

// The number in what `sbatch --parsable` prints: "12" or "12;cluster". InputError.
std::uint64_t parse_job_number(const std::string& text);

}  // namespace acim
