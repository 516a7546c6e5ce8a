// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/store/merge.hpp"
#include "host/store/plan_record.hpp"
#include "host/store/run_directory.hpp"
#include "host/store/segment_writer.hpp"
#include "host/store/stored_trial.hpp"

namespace acim::fixture {

// A sweep of 2 x 3 points on two networks with 3 and 2 layers; 2 chips, 2 repeats, 300 images in
// blocks of 128: 72 units.
PlanRecord small_plan();
// The same whose trials keep their predictions of ten classes.
PlanRecord plan_with_predictions();
// All units of a plan in their order, and those that a table lacks.
std::vector<WorkUnit> planned_units(const PlanRecord& plan);
std::vector<WorkUnit> missing_units(const PlanRecord& plan, const TrialTable& table);

// The trial that an engine would report: a pure function of point id and unit.
StoredTrial trial_of(const PlanRecord& plan, const WorkUnit& unit);
std::vector<StoredTrial> all_trials(const PlanRecord& plan);

// Accuracy per point and sums per layer, as a caller of write_results makes them.
ResultColumns aggregate(const PlanRecord& plan, const TrialTable& table);

// An empty directory of its own, removed at the end.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Appends the trials and flushes; a segment every `per_segment` trials.
void store(const RunDirectory& directory, std::span<const StoredTrial> trials,
           std::size_t per_segment = 10);

std::string text_of(const std::filesystem::path& path);
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

}  // namespace acim::fixture
