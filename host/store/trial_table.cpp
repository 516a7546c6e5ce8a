// SPDX-License-Identifier: Apache-2.0
#include "host/store/trial_table.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

// By name, so that messages do not depend on the file system's order.
std::vector<fs::path> segment_files(const fs::path& run_directory) {
    std::vector<fs::path> files;
    const fs::path folder = run_directory / "segments";
    if (!fs::is_directory(folder)) {
        return files;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && entry.path().extension() == ".h5") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Gathers segments into one table.
class Collector {
public:
    explicit Collector(const PlanRecord& plan)
        : plan_(plan), origin_{plan.seed, plan.model_version, plan.data_hash} {
        for (std::uint32_t i = 0; i < plan.points.size(); ++i) {
            points_.emplace(plan.points[i].id, i);
        }
    }

    void add(const fs::path& file) {
        Segment segment;
        try {
            segment = read_segment(file);
        } catch (const DamagedFile& damage) {
            table_.warnings.emplace_back(damage.what());
            return;
        }
        if (segment.origin != origin_) {
            throw InputError(fmt::format(
                "{}: a segment of another run (seed {}, model_version {}, data {}; the plan has "
                "seed {}, model_version {}, data {}). Remove it from this directory",
                file.string(), segment.origin.seed, segment.origin.model_version,
                segment.origin.data_hash, origin_.seed, origin_.model_version, origin_.data_hash));
        }
        table_.segments += 1;
        files_.push_back(file);
        for (StoredTrial& trial : segment.trials) {
            add(std::move(trial));
        }
    }

    TrialTable finish() {
        for (auto& [unit, slot] : slots_) {
            table_.trials.push_back(std::move(slot.trial));
        }
        return std::move(table_);
    }

private:
    struct Slot {
        StoredTrial trial;
        std::size_t file = 0;
    };

    void add(StoredTrial trial) {
        const auto point = points_.find(trial.point_id);
        if (point == points_.end()) {
            table_.unplanned += 1;
            return;
        }
        WorkUnit& unit = trial.result.unit;
        unit.point = point->second;
        if (!is_planned(plan_, unit)) {
            table_.unplanned += 1;
            return;
        }
        const WorkUnit key = unit;
        const auto found = slots_.find(key);
        if (found == slots_.end()) {
            slots_.emplace(key, Slot{std::move(trial), files_.size() - 1});
        } else if (found->second.trial.result != trial.result) {
            throw StorageError(fmt::format(
                "{} and {}: both hold the trial (point {}, chip {}, repeat {}, first image {}), "
                "with "
                "different results. One was written by another program version or is corrupt: "
                "remove that file and run the sweep again",
                files_[found->second.file].string(), files_.back().string(), trial.point_id,
                key.chip, key.repeat, key.first_image));
        }
    }

    const PlanRecord& plan_;
    SegmentOrigin origin_;
    std::unordered_map<std::string, std::uint32_t> points_;
    std::map<WorkUnit, Slot> slots_;  // in the order of the table
    std::vector<fs::path> files_;
    TrialTable table_;
};

}  // namespace

TrialTable load_trials(const std::vector<fs::path>& run_directories, const PlanRecord& plan) {
    ACIM_EXPECT(plan.block_images > 0);
    Collector collector(plan);
    for (const fs::path& directory : run_directories) {
        for (const fs::path& file : segment_files(directory)) {
            collector.add(file);
        }
    }
    return collector.finish();
}

std::vector<WorkUnit> missing_units(const PlanRecord& plan, const TrialTable& table) {
    std::vector<WorkUnit> stored;
    for (const StoredTrial& trial : table.trials) {
        stored.push_back(trial.result.unit);
    }
    const std::vector<WorkUnit> planned = planned_units(plan);
    std::vector<WorkUnit> missing;
    std::set_difference(planned.begin(), planned.end(), stored.begin(), stored.end(),
                        std::back_inserter(missing));
    return missing;
}

}  // namespace acim
