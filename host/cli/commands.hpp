// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include "host/core/error.hpp"

// One file per command, <name>_command.cpp. Each function adds its command to the application with a
// callback that does the work; what does not throw leaves `result` at ok or sets another code. A
// new command takes a declaration here and a line in command_line.cpp.
namespace acim {

void add_validate_command(CLI::App& app, ExitCode& result);
void add_plan_command(CLI::App& app, ExitCode& result);
void add_run_command(CLI::App& app, ExitCode& result);
void add_submit_command(CLI::App& app, ExitCode& result);
void add_status_command(CLI::App& app, ExitCode& result);
void add_pareto_command(CLI::App& app, ExitCode& result);
void add_report_command(CLI::App& app, ExitCode& result);
void add_mac_command(CLI::App& app, ExitCode& result);
void add_trace_command(CLI::App& app, ExitCode& result);
void add_merge_command(CLI::App& app, ExitCode& result);
void add_export_command(CLI::App& app, ExitCode& result);
void add_check_command(CLI::App& app, ExitCode& result);
void add_bench_command(CLI::App& app, ExitCode& result);
void add_cost_command(CLI::App& app, ExitCode& result);
void add_info_command(CLI::App& app, ExitCode& result);

}  // namespace acim
