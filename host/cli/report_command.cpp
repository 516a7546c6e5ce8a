// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/python_package.hpp"

namespace acim {
namespace {

struct ReportOptions {
    std::string results, output, title, spec;
};

void run(ReportOptions options, ExitCode& code) {
    namespace fs = std::filesystem;
    const fs::path results = options.results;
    if (!fs::exists(results))
        throw InputError(options.results +
                         ": no such file or directory. Name a results file or a run directory.");
    const fs::path folder = fs::is_directory(results) ? results : results.parent_path();
    if (options.output.empty()) options.output = (folder / "report.html").string();
    check_output_file(options.output, {results, folder / "results.h5", folder / "plan.json"});
    std::vector<std::string> arguments = {"--output=" + options.output};
    if (!options.title.empty()) arguments.push_back("--title=" + options.title);
    if (!options.spec.empty()) arguments.push_back("--spec=" + options.spec);
    arguments.insert(arguments.end(), {"--", options.results});
    const int status = run_python_module("acimsweep.report", arguments);
    if (status < 0)
        throw InputError("report: " + python_interpreter() +
                         " cannot be started. Install python3-plotly, python3-h5py, "
                         "python3-pandas and python3-scipy.");
    if (status != 0 && status != 2 && status != 4)
        throw StorageError("report: the Python package ended with status " +
                           std::to_string(status) + ". No page was written.");
    code = static_cast<ExitCode>(status);
}

}  // namespace

void add_report_command(CLI::App& app, ExitCode& code) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* command = app.add_subcommand(
        "report", "One page of HTML with summary, plots and tables; needs no network");
    command->add_option("results", options->results, "a results file or a run directory")
        ->type_name("F.h5|DIR")
        ->required();
    command->add_option("-o,--output", options->output, "the page; default report.html beside F.h5")
        ->type_name("PATH");
    command->add_option("--title", options->title, "its title; default the name of the sweep")
        ->type_name("TEXT");
    command->add_option("--spec", options->spec, "adds the yield: chips of at least this accuracy")
        ->type_name("ACCURACY");
    command->footer("Example:\n  acimsweep report results.h5 -o report.html");
    command->callback([options, &code] { run(*options, code); });
}

}  // namespace acim
