// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "host/run/probe.hpp"
#include "host/run/sweep_plan.hpp"

namespace acim {

// Speed of another machine, as `acimsweep bench --json` wrote it there.
struct BenchRates {
    std::string engine, machine, date;
    std::size_t devices = 0;             // GPUs that the engine used
    std::map<std::string, double> path;  // conversions/s by sampling path: the slowest case of each
};

// InputError that names the file and what is wrong with it.
BenchRates read_bench_rates(const std::filesystem::path& file);

// What the sweep will take there: conversions of all layers by their path's rate. Digital work is not
// counted, and paths that `bench` does not run take the rate of `table`. memory stays 0.
Estimate estimate(const SweepPlan& plan, const BenchRates& rates);

}  // namespace acim
