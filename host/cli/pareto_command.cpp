// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/python_package.hpp"
#include "host/run/pareto_table.hpp"

namespace acim {
namespace {

struct ParetoOptions {
    std::string results;
    std::string svg, png;
    bool no_plot = false;
};

// Plots with the Python package; the table needs no Python.
void plot(const ParetoOptions& options, ExitCode& code) {
    const std::vector<std::string> arguments = {options.results, "--svg", options.svg, "--png",
                                                options.png};
    const int status = run_python_module("acimsweep.pareto", arguments);
    if (status >= 0) {
        code = static_cast<ExitCode>(status);
        return;
    }
    warn("no plot: " + python_interpreter() +
         " cannot be started. Install python3-matplotlib, "
         "python3-h5py and python3-pandas, or take --no-plot");
}

void run(ParetoOptions options, ExitCode& code) {
    for (const std::string& plot : {options.svg, options.png})
        if (!plot.empty()) check_output_file(plot, {options.results});
    print(pareto_table(options.results));
    if (options.no_plot) return;
    const std::filesystem::path stem =
        std::filesystem::path(options.results).parent_path() / "pareto";
    if (options.svg.empty()) options.svg = stem.string() + ".svg";
    if (options.png.empty()) options.png = stem.string() + ".png";
    plot(options, code);
}

}  // namespace

void add_pareto_command(CLI::App& app, ExitCode& code) {
    auto options = std::make_shared<ParetoOptions>();
    CLI::App* command =
        app.add_subcommand("pareto", "Accuracy against TOPS/W with intervals: table and plot");
    command->add_option("results", options->results, "a results file")
        ->type_name("F.h5")
        ->required();
    command->add_option("--svg", options->svg, "the plot; default pareto.svg beside F.h5")
        ->type_name("PATH");
    command->add_option("--png", options->png, "the plot; default pareto.png beside F.h5")
        ->type_name("PATH");
    command->add_flag("--no-plot", options->no_plot, "the table only");
    command->callback([options, &code] { run(*options, code); });
}

}  // namespace acim
