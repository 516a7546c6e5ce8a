// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cluster/queue_report.hpp"
#include "host/run/progress.hpp"
#include "host/run/shard.hpp"
#include "host/store/attempt.hpp"
#include "host/store/run_directory.hpp"
#include "host/store/trial_table.hpp"

namespace acim {
namespace {

bool runs(const Attempt& a) { return seems_alive(a, attempt_clock()); }

std::string state(const Attempt& a) {
    if (!a.stop.empty()) return fmt::format("ended {} after {} units", a.stop, a.units_done);
    if (runs(a)) return fmt::format("running, {} units so far", a.units_done);
    const std::int64_t ahead = a.updated - attempt_clock();
    return ahead > 0 ? fmt::format("{} units so far, running or killed: its clock is {} ahead",
                                   a.units_done, Progress::duration(static_cast<double>(ahead)))
                     : fmt::format("killed after {} units", a.units_done);
}

// A line per attempt, the points that failed, and the time that what runs now will take.
std::string attempts(const std::vector<Attempt>& all, std::size_t left) {
    std::string text;
    double rate = 0.0;
    for (const Attempt& a : all) {
        text += fmt::format("shard {} on {} ({}): started {}, {}\n", a.shard, a.host, a.engine,
                            a.start, state(a));
        for (const std::string& failure : a.failures) text += "  failed: " + failure + "\n";
        if (runs(a) && a.seconds > 0.0) rate += static_cast<double>(a.units_done) / a.seconds;
    }
    if (rate > 0.0 && left > 0)
        text += "ETA " + Progress::duration(static_cast<double>(left) / rate) + "\n";
    return text;
}

// How far points have come under a stop rule.
std::string stops(const PlanRecord& plan, const TrialTable& table) {
    if (!plan.stop.active()) return "";
    const std::uint64_t all = unit_count(plan);
    return fmt::format(
        "points stop at +-{} of accuracy: {} units are needed so far, {:.1f} % of the {} of all "
        "chips\n",
        plan.stop.half_width, table.needed,
        100.0 * static_cast<double>(table.needed) / static_cast<double>(all), all);
}

void run(const std::string& path) {
    const RunDirectory directory = RunDirectory::open(path);
    const PlanRecord& plan = directory.plan();
    const TrialTable table = load_trials({directory.path()}, plan);
    for (const std::string& line : table.warnings) warn(line);
    const std::size_t planned = table.needed;
    const std::size_t left = table.missing();
    print(fmt::format("{}: sweep {}, {} points, {} chips, {} repeats, {} images\n", path,
                      plan.sweep_name, plan.points.size(), plan.chips, plan.repeats, plan.images));
    print(fmt::format(
        "{} of {} units done ({:.1f} %), {} left\n", planned - left, planned,
        planned > 0 ? 100.0 * static_cast<double>(planned - left) / static_cast<double>(planned)
                    : 100.0,
        left));
    print(stops(plan, table));
    print(attempts(load_attempts(directory), left));
    print(queue_report(read_job_records(directory.path()),
                       [&](std::uint32_t count) { return unfinished_shards(plan, table, count); }));
}

}  // namespace

void add_status_command(CLI::App& app, ExitCode&) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand(
        "status", "What of a run directory is done and left; works while jobs run");
    command->add_option("dir", *path, "run directory")->type_name("DIR")->required();
    command->callback([path] { run(*path); });
}

}  // namespace acim
