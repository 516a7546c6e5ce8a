// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/trial/engine.hpp"
#include "host/run/sweep_plan.hpp"

namespace acim {

// What a sweep will take on this machine and engine.
struct Estimate {
    double conversions = 0.0;    // all trials
    double seconds = 0.0;        // from the probe
    double measured_rate = 0.0;  // conversions/s of the probe; 0 if nothing converts
    std::uint64_t memory = 0;    // [byte] of the engine
    std::uint64_t disk = 0;      // [byte] of segments, upper bound before compression
};

// Segments, results, plan and networks, before compression [byte].
std::uint64_t disk_estimate(const SweepPlan& plan);

// Runs a few images of up to `probes` points, spread over the sweep, and scales up.
Estimate estimate(const SweepPlan& plan, TrialEngine& engine, int probes = 6);

}  // namespace acim
