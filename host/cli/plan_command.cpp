// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/run/bench_rates.hpp"
#include "host/run/probe.hpp"
#include "host/run/progress.hpp"
#include "host/sweep/notes.hpp"
#include "host/sweep/point.hpp"

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

struct PlanCommandOptions : SweepOptions {
    std::string rate;
};

std::string counts(const SweepPlan& plan) {
    const PlanRecord& record = plan.record;
    const std::size_t trials = record.points.size() * record.chips * record.repeats;
    const std::string stop =
        record.stop.active()
            ? fmt::format(" at most; points stop at +-{} of accuracy, looked at from {} chips on",
                          record.stop.half_width, std::min(record.stop.first_chips, record.chips))
            : "";
    return fmt::format(
        "{} points x {} chips x {} repeats = {} trials of {} images{}\n"
        "{} MAC layers; layers of all points by sampling path: {}\n",
        record.points.size(), record.chips, record.repeats, trials, record.images, stop,
        plan.workload->layers.size(), path_counts(plan));
}

void print_notes(const SweepPlan& plan) {
    for (const std::string& note : sweep_notes(plan.spec, expand(plan.spec)))
        print("note: " + note + "\n");
}

// On this machine, by a few images.
void probe_here(const PlanCommandOptions& options) {
    const auto engine = options.engine_of_choice();
    const SweepPlan plan =
        make_sweep_plan(options.sweep, {options.overrides, options.directory(), options.threads});
    print(baseline_lines(plan) + counts(plan));
    const Estimate e = estimate(plan, *engine);
    print(fmt::format("{} conversions; about {} at {} conversions/s (measured on a few points)\n",
                      Progress::with_prefix(e.conversions), Progress::duration(e.seconds),
                      Progress::with_prefix(e.measured_rate)));
    print(fmt::format("memory {} for images under way, disk about {}\n",
                      Progress::bytes(static_cast<double>(e.memory)),
                      Progress::bytes(static_cast<double>(e.disk))));
    print_notes(plan);
}

// On the machine that measured the rates: a login node needs neither its engine nor its time, so
// that nothing but calibration runs here.
void scale_rates(const PlanCommandOptions& options) {
    const BenchRates rates = read_bench_rates(options.rate);
    const SweepPlan plan = make_sweep_plan(
        options.sweep, {options.overrides, options.directory(), options.threads, false, false});
    const Estimate e = estimate(plan, rates);
    print(counts(plan));
    print(fmt::format("{} conversions; about {} at {} conversions/s ({}, {}, {})\n",
                      Progress::with_prefix(e.conversions), Progress::duration(e.seconds),
                      Progress::with_prefix(e.measured_rate), rates.engine, rates.machine,
                      rates.date));
    const double hours = e.seconds / 3600.0;
    if (rates.devices > 0)
        print(fmt::format("{:.3g} GPU-hours\n", hours * static_cast<double>(rates.devices)));
    else
        print(fmt::format("{:.3g} hours of such a machine\n", hours));
    print(fmt::format("disk about {}\n", Progress::bytes(static_cast<double>(e.disk))));
    print_notes(plan);
}

void run(const PlanCommandOptions& options) {
    options.rate.empty() ? probe_here(options) : scale_rates(options);
}

}  // namespace

void add_plan_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<PlanCommandOptions>();
    CLI::App* command = app.add_subcommand(
        "plan", "Points, trials, conversions, time, memory and disk of a sweep; run nothing");
    add_sweep_options(*command, *options);
    command
        ->add_option("--rate", options->rate,
                     "take the speed from FILE, which `acimsweep bench --json FILE` wrote on a "
                     "compute node, and measure nothing here")
        ->type_name("FILE");
    command->callback([options] { run(*options); });
}

}  // namespace acim
