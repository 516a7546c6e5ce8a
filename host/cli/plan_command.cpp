// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/run/probe.hpp"
#include "host/run/progress.hpp"

namespace acim {
namespace {

std::string path_counts(const SweepPlan& plan) {
    std::map<std::string, std::size_t> layers;
    for (const PointFacts& facts : plan.facts)
        for (const LayerFacts& layer : facts.layers) ++layers[layer.path];
    std::string text;
    for (const auto& [path, count] : layers)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, path);
    return text;
}

void run(const SweepOptions& options) {
    const auto engine = options.engine_of_choice();
    const SweepPlan plan =
        make_sweep_plan(options.sweep, {options.overrides, options.directory(), options.threads});
    const PlanRecord& record = plan.record;
    print(baseline_lines(plan));
    const std::size_t trials = record.points.size() * record.chips * record.repeats;
    print(fmt::format("{} points x {} chips x {} repeats = {} trials of {} images\n",
                      record.points.size(), record.chips, record.repeats, trials, record.images));
    print(fmt::format("{} MAC layers; layers of all points by sampling path: {}\n",
                      plan.workload->layers.size(), path_counts(plan)));
    const Estimate e = estimate(plan, *engine);
    print(fmt::format("{} conversions; about {} at {} conversions/s (measured on a few points)\n",
                      Progress::with_prefix(e.conversions), Progress::duration(e.seconds),
                      Progress::with_prefix(e.measured_rate)));
    print(fmt::format("memory {} for images under way, disk about {}\n",
                      Progress::bytes(static_cast<double>(e.memory)),
                      Progress::bytes(static_cast<double>(e.disk))));
}

}  // namespace

void add_plan_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<SweepOptions>();
    CLI::App* command = app.add_subcommand(
        "plan", "Points, trials, conversions, time, memory and disk of a sweep; run nothing");
    add_sweep_options(*command, *options);
    command->callback([options] { run(*options); });
}

}  // namespace acim
