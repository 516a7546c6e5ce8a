// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace acim {

// One submission of a run directory to Slurm: DIR/jobs/<cluster>-<job>.json.
struct JobRecord {
    std::string cluster;      // ClusterName; job numbers mean nothing elsewhere
    std::uint64_t job = 0;    // of the array
    std::uint64_t merge = 0;  // of the job behind it; 0: there is none
    std::string name;         // of the array, which squeue must show too
    std::uint32_t shards = 0;
    std::string tasks;  // as in "0-3,7"
    std::string host;   // where it was submitted
    std::string time;   // UTC, ISO 8601
};

// Writes or replaces the file, durably.
void write_job_record(const std::filesystem::path& run_directory, const JobRecord& record);

// All records by time; files that hold something else are left out.
std::vector<JobRecord> read_job_records(const std::filesystem::path& run_directory);

}  // namespace acim
