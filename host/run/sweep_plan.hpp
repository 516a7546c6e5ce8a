// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "host/run/activities.hpp"
#include "host/run/adc_ranges.hpp"
#include "host/run/baseline.hpp"
#include "host/run/network_library.hpp"
#include "host/run/point_facts.hpp"
#include "host/run/workload.hpp"
#include "host/store/plan_record.hpp"
#include "host/store/run_directory.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

// Points that share a calibrated network and so one prepared engine.
struct NetworkGroup {
    std::shared_ptr<const QuantizedNetwork> network;
    std::vector<std::uint32_t> points;         // indices in the plan
    std::vector<DesignPoint> design_points;    // in the order of `points`
    std::vector<std::int32_t> reference_top1;  // per item, of the noise-free network
    Score quantised;
};

// A sweep ready to run: data read, networks calibrated, every point checked on every layer.
struct SweepPlan {
    SweepSpec spec;
    std::shared_ptr<const Workload> workload;
    std::vector<NetworkGroup> groups;
    std::vector<PointFacts> facts;  // per point of the plan
    PlanRecord record;
    Score float_score;
    std::shared_ptr<NetworkLibrary> networks;
    std::shared_ptr<AdcRanges> ranges;
    std::shared_ptr<Activities> activities;
    std::shared_ptr<Baselines> baselines;
};

struct PlanOptions {
    std::vector<std::string> overrides;   // --set key=value
    std::filesystem::path run_directory;  // where what is calibrated is read from; may be empty
    int threads = 0;
    bool quiet = false;  // no line on stderr while data are read
    // Accuracies of the float and of the quantised network on all images; a plan that is to be run,
    // reported or stored has them.
    bool baselines = true;
    // How the run directory is to be opened with this plan: what would be refused then is refused
    // before anything is calibrated. Absent: the directory is only read.
    std::optional<PlanChange> change = {};
};

// Reads, calibrates and checks everything; writes nothing. Throws InputError, and StorageError where
// the run directory cannot be written.
SweepPlan make_sweep_plan(const std::filesystem::path& sweep, const PlanOptions& options);

// Makes or opens the run directory of the plan and stores what was calibrated and measured there.
// The directory's plan is then the plan's record: an older one keeps its block size. InputError,
// StorageError, as RunDirectory::create_or_open.
RunDirectory open_run_directory(SweepPlan& plan, const std::filesystem::path& path,
                                PlanChange change);

// Images of one unit of work: a long trial survives a kill in between, and the cut is the same on
// every machine.
inline constexpr std::uint32_t block_images = 500;

}  // namespace acim
