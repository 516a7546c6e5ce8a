// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/store/plan_record.hpp"
#include "host/store/stored_trial.hpp"

namespace acim {

// The finished trials of a plan.
struct TrialTable {
    // Sorted by (point in the plan, chip, repeat, first image), each once; result.unit.point is the
    // index in the plan.
    std::vector<StoredTrial> trials;
    std::uint64_t unplanned = 0;        // stored trials that this plan does not ask for
    std::uint64_t segments = 0;         // segments read
    std::vector<std::string> warnings;  // damaged segments, by name: their trials are run again
};

// Reads the segments of all run directories. Stray temporary files are passed over. A trial that is
// stored twice must be equal in every bit, else StorageError names both files; a segment of another
// seed, model version or data is an InputError.
TrialTable load_trials(const std::vector<std::filesystem::path>& run_directories,
                       const PlanRecord& plan);

// Planned units that the table lacks, in plan order: what is left to run.
std::vector<WorkUnit> missing_units(const PlanRecord& plan, const TrialTable& table);

}  // namespace acim
