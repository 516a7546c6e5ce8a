// SPDX-License-Identifier: Apache-2.0
#include "host/store/merge.hpp"

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/store/run_directory.hpp"

namespace acim {

namespace fs = std::filesystem;

PlanRecord common_plan(const std::vector<fs::path>& run_directories) {
    if (run_directories.empty()) {
        throw InputError("merge: no run directory given. Name at least one");
    }
    PlanRecord common = RunDirectory::open(run_directories.front()).plan();
    const std::string hash = plan_sha256(common);
    for (const fs::path& path : run_directories) {
        const PlanRecord plan = RunDirectory::open(path).plan();
        if (plan_sha256(plan) != hash) {
            throw InputError(
                fmt::format("{} and {}: different plans ('{}', {} and '{}', {}). Merge only shards "
                            "of one sweep",
                            run_directories.front().string(), path.string(), common.sweep_name,
                            hash.substr(0, 12), plan.sweep_name, plan_sha256(plan).substr(0, 12)));
        }
        if (plan_to_json(plan) < plan_to_json(common)) {
            common = plan;
        }
    }
    return common;
}

TrialTable merge_runs(const std::vector<fs::path>& run_directories, const fs::path& out,
                      const Aggregate& aggregate) {
    const PlanRecord plan = common_plan(run_directories);
    TrialTable table = load_trials(run_directories, plan);
    write_results(out, plan, table, aggregate(plan, table));
    return table;
}

}  // namespace acim
