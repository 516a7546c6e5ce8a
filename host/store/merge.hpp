// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "host/store/results_file.hpp"

namespace acim {

// The aggregates of a table; the caller brings the statistics and the costs.
using Aggregate = std::function<ResultColumns(const PlanRecord&, const TrialTable&)>;

// The plan that all run directories share. InputError when two differ by plan_sha256, naming both.
// Texts that may differ (comments, code version) come from the plan that has its baselines and then
// sorts first as text, so that the order of the directories does not matter.
PlanRecord common_plan(const std::vector<std::filesystem::path>& run_directories);

struct Merged {
    PlanRecord plan;
    TrialTable table;
};

// Collects the finished trials of all directories into one results file. Idempotent; may run while
// workers write.
Merged merge_runs(const std::vector<std::filesystem::path>& run_directories,
                  const std::filesystem::path& out, const Aggregate& aggregate);

}  // namespace acim
