// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/run/runner.hpp"

namespace acim {

// Options that commands on sweep files share.
struct SweepOptions {
    std::string sweep;
    std::vector<std::string> overrides;
    std::string out;  // empty: results/<name of the sweep file>
    std::string engine = "auto";
    int threads = 0;

    std::filesystem::path directory() const;
    // The engine that was asked for. InputError where this build or machine lacks it.
    std::unique_ptr<TrialEngine> engine_of_choice() const;
};

void add_sweep_options(CLI::App& command, SweepOptions& options);
void add_engine_option(CLI::App& command, std::string& engine);

// "i/n" with 0 <= i < n; "auto" and "auto/n" ask the environment (host/cluster/task_number.hpp).
// InputError.
Shard parse_shard(const std::string& text);

// Accuracy of the float and of the noise-free quantised network: wrong preprocessing shows here.
std::string baseline_lines(const SweepPlan& plan);

}  // namespace acim
