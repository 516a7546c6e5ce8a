// SPDX-License-Identifier: Apache-2.0
#include "host/store/merge.hpp"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/run_directory.hpp"

namespace acim {

namespace fs = std::filesystem;

PlanRecord common_plan(const std::vector<fs::path>& run_directories) {
    if (run_directories.empty()) {
        throw InputError("merge: no run directory given. Name at least one");
    }
    PlanRecord common = RunDirectory::open(run_directories.front()).plan();
    if (run_directories.size() == 1) {
        return common;  // hash and text of a large plan take seconds
    }
    const std::string hash = plan_sha256(common);
    std::string text = plan_to_json(common);
    for (const fs::path& path : std::span(run_directories).subspan(1)) {
        PlanRecord plan = RunDirectory::open(path).plan();
        const std::string other = plan_sha256(plan);
        if (other != hash) {
            throw InputError(
                fmt::format("{} and {}: different plans ('{}', {} and '{}', {}). Merge only shards "
                            "of one sweep",
                            run_directories.front().string(), path.string(), common.sweep_name,
                            hash.substr(0, 12), plan.sweep_name, other.substr(0, 12)));
        }
        std::string candidate = plan_to_json(plan);
        if (std::pair(!plan.baselines, candidate) < std::pair(!common.baselines, text)) {
            common = std::move(plan);
            text = std::move(candidate);
        }
    }
    return common;
}

Merged merge_runs(const std::vector<fs::path>& run_directories, const fs::path& out,
                  const Aggregate& aggregate) {
    Merged merged{common_plan(run_directories), {}};
    merged.table = load_trials(run_directories, merged.plan);
    write_results(out, merged.plan, merged.table, aggregate(merged.plan, merged.table));
    return merged;
}

}  // namespace acim
