// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <sstream>
#include <string>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/results_path.hpp"
#include "host/store/csv.hpp"

namespace acim {
namespace {

struct ExportOptions {
    std::string results, csv;
};

void run_export(const ExportOptions& options) {
    if (!options.csv.empty()) check_output_file(options.csv, {options.results});
    const std::filesystem::path results = results_file(options.results);
    if (!options.csv.empty()) {
        check_output_file(options.csv, {results});
        export_csv(results, std::filesystem::path(options.csv));
        return;
    }
    std::ostringstream text;
    export_csv(results, text);
    print(text.str());
}

}  // namespace

void add_export_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App* command = app.add_subcommand("export", "Write the table of points as text");
    command->add_option("results", options->results, "a results file, or a run directory")
        ->type_name("F.h5|DIR")
        ->required();
    command->add_option("--csv", options->csv, "as CSV to PATH, or to standard output without one")
        ->type_name("[PATH]")
        ->expected(0, 1)
        ->required();
    command->footer("Example:\n  acimsweep export results.h5 --csv points.csv");
    command->callback([options] { run_export(*options); });
}

}  // namespace acim
