// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "host/run/shard.hpp"
#include "host/run/sweep_plan.hpp"

namespace acim {

struct RunOptions {
    std::filesystem::path out;
    int threads = 0;  // of this process, as its attempt reports them; 0: every core
    Shard shard;
    bool quiet = false;
    PlanChange change = PlanChange::refuse;  // where the directory has another plan
    // Told at the start of another run that computes the same units, if there is one.
    std::function<void(const std::string&)> on_other_run = nullptr;
};

struct RunOutcome {
    std::uint64_t planned = 0;   // units of this shard that are needed
    std::uint64_t left = 0;      // of these, not stored at the end
    std::uint64_t found = 0;     // of these, stored before
    std::uint64_t finished = 0;  // run and stored now
    bool interrupted = false;
    std::vector<std::string> warnings;  // damaged segments, lost devices
    std::vector<std::string> failures;  // points that failed, with reasons
    std::string engine_failure;         // why the engine could not go on; empty: it could
};

// Runs what the directory lacks; finished work is stored every ten seconds and never run again. Where
// the plan has a stop rule, points go on in rounds until they have enough chips. A process that runs the
// whole sweep writes results.h5 at the end, complete or not, after an engine's failure too. InputError,
// StorageError.
RunOutcome run_sweep(SweepPlan& plan, TrialEngine& engine, const RunOptions& options,
                     const std::atomic<bool>& stop);

}  // namespace acim
