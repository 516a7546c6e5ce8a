// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/store/check.hpp"

namespace acim {
namespace {

std::string summary(const std::string& path, const CheckReport& report) {
    std::string text = fmt::format("{}: {} trials", path, report.trials);
    if (report.segments > 0) text += fmt::format(" in {} good segments", report.segments);
    if (report.planned > 0)
        text += fmt::format("; {} planned, {} missing", report.planned, report.missing);
    return text + (report.good() ? ". Nothing is damaged.\n" : ".\n");
}

void run_check(const std::string& path, ExitCode& result) {
    const CheckReport report = check_run(path);
    std::string text;
    for (const std::string& line : report.damaged) text += "damaged: " + line + "\n";
    for (const std::string& line : report.notes) text += "note: " + line + "\n";
    print(text + summary(path, report));
    if (report.good()) return;
    warn(
        fmt::format("{}: {} damaged file(s). What they held is run again by the same run command; "
                    "everything else is intact.",
                    path, report.damaged.size()));
    result = ExitCode::storage;
}

}  // namespace

void add_check_command(CLI::App& app, ExitCode& result) {
    auto path = std::make_shared<std::string>();
    CLI::App* check = app.add_subcommand(
        "check",
        "Say what is damaged in a run directory or a results file; exit code 4 if anything is");
    check->add_option("path", *path, "a run directory, a results file or a segment")
        ->type_name("DIR|F.h5")
        ->required();
    check->callback([path, &result] { run_check(*path, result); });
}

}  // namespace acim
