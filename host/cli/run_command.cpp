// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/run/other_runs.hpp"

namespace acim {
namespace {

struct RunCommandOptions : SweepOptions {
    std::string shard = "0/1";
    bool quiet = false;
    bool extend = false;
};

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "signal handlers need a lock-free flag");

// The first SIGINT or SIGTERM ends the run between units of work; a second one kills as usual.
void request_stop(int signal) {
    stop_requested = true;
    std::signal(signal, SIG_DFL);
}

std::string summary(const RunOutcome& outcome, const SweepOptions& options, const Shard& shard) {
    std::string text =
        fmt::format("{}: {} of {} units were there, {} ran", options.directory().string(),
                    outcome.found, outcome.planned, outcome.finished);
    if (outcome.left > 0)
        text += fmt::format(", {} are left: the same command goes on", outcome.left);
    text += ".\n";
    if (shard.whole())
        text += fmt::format("results: {}\n", (options.directory() / "results.h5").string());
    else
        text +=
            fmt::format("shard {}/{}: collect all shards with `acimsweep merge {} -o results.h5`\n",
                        shard.index, shard.count, options.directory().string());
    return text;
}

void run(const RunCommandOptions& options, ExitCode& result) {
    const Shard shard = parse_shard(options.shard);
    const auto engine = options.engine_of_choice();
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
    // Now, and once more when the trials begin, since the other one may have started meanwhile.
    const std::string other = other_runs_line(options.directory(), shard);
    if (!other.empty()) warn(other);
    const PlanChange change = options.extend ? PlanChange::extend : PlanChange::refuse;
    SweepPlan plan =
        make_sweep_plan(options.sweep, {options.overrides, options.directory(), options.threads,
                                        options.quiet, /*baselines=*/true, change});
    print(baseline_lines(plan));
    const RunOutcome outcome = run_sweep(
        plan, *engine,
        {options.directory(), options.threads, shard, options.quiet,
         options.extend ? PlanChange::extend : PlanChange::refuse, other.empty() ? warn : nullptr},
        stop_requested);
    for (const std::string& line : outcome.warnings) warn(line);
    for (const std::string& line : outcome.failures) warn("failed: " + line);
    print(summary(outcome, options, shard));
    if (!outcome.engine_failure.empty()) throw EngineFailure(outcome.engine_failure);
    if (outcome.interrupted)
        result = ExitCode::interrupted;
    else if (!outcome.failures.empty())
        result = ExitCode::some_failed;
}

}  // namespace

void add_run_command(CLI::App& app, ExitCode& result) {
    auto options = std::make_shared<RunCommandOptions>();
    CLI::App* command = app.add_subcommand(
        "run", "Run a sweep, or go on with it: what is stored is never run again");
    add_sweep_options(*command, *options);
    command
        ->add_option(
            "--shard", options->shard,
            "run part i of n; any number of shards may run at the same time. auto and auto/n "
            "take the number that the scheduler gave to this process")
        ->type_name("i/n");
    command->add_flag("--extend", options->extend,
                      "go on in a directory whose sweep was another one: more or fewer points, "
                      "chips, repeats or images; what is finished is kept");
    command->add_flag("-q,--quiet", options->quiet, "no progress");
    command->callback([options, &result] { run(*options, result); });
}

}  // namespace acim
