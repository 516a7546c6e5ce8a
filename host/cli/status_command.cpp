// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/store/attempt.hpp"
#include "host/store/run_directory.hpp"
#include "host/store/trial_table.hpp"

namespace acim {
namespace {

void run(const std::string& path) {
    const RunDirectory directory = RunDirectory::open(path);
    const PlanRecord& plan = directory.plan();
    const TrialTable table = load_trials({directory.path()}, plan);
    for (const std::string& line : table.warnings) warn(line);
    const std::size_t planned = planned_units(plan).size();
    const std::size_t left = missing_units(plan, table).size();
    print(fmt::format("{}: sweep {}, {} points, {} chips, {} repeats, {} images\n", path,
                      plan.sweep_name, plan.points.size(), plan.chips, plan.repeats, plan.images));
    print(fmt::format("{} of {} units done ({:.1f} %), {} left\n", planned - left, planned,
                      planned > 0 ? 100.0 * static_cast<double>(planned - left) /
                                        static_cast<double>(planned)
                                  : 100.0,
                      left));
    for (const Attempt& a : load_attempts(directory))
        print(fmt::format("shard {} on {} ({}): started {}, {}\n", a.shard, a.host, a.engine,
                          a.start,
                          a.stop.empty() ? std::string("running or killed")
                                         : fmt::format("ended {} after {} units", a.stop,
                                                       a.units_done)));
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
