// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/python_package.hpp"
#include "host/cli/results_path.hpp"
#include "host/core/error.hpp"
#include "host/run/pareto_table.hpp"

namespace acim {
namespace {

// Status of the Python package where a module that it needs is missing, and that of an interpreter
// which does not find the package.
constexpr int modules_missing = 69, package_missing = 1;

struct ParetoOptions {
    std::string results;
    std::string svg, png;
    bool no_plot = false;
    // What the Python package alone can do: the value of each option, empty where it is not given.
    std::map<std::string, std::string> python;
};

// The first option given that the table of this program cannot serve; empty where there is none.
std::string needs_python(const ParetoOptions& options) {
    for (const auto& [name, value] : options.python)
        if (!value.empty()) return name;
    if (options.no_plot) return "";
    if (!options.svg.empty()) return "--svg";
    return options.png.empty() ? "" : "--png";
}

std::vector<std::string> python_arguments(const ParetoOptions& options) {
    // "--option=value": a value may begin with a dash.
    std::vector<std::string> words;
    for (const auto& [name, value] : options.python)
        if (!value.empty()) words.push_back(name + "=" + value);
    if (options.no_plot) {
        words.push_back("--no-plot");
    } else if (options.svg.empty() && options.png.empty()) {
        const std::filesystem::path results = options.results;
        const auto folder =
            std::filesystem::is_directory(results) ? results : results.parent_path();
        words.push_back("--default-plots");
        words.push_back("--svg=" + (folder / "pareto.svg").string());
        words.push_back("--png=" + (folder / "pareto.png").string());
    } else {
        if (!options.svg.empty()) words.push_back("--svg=" + options.svg);
        if (!options.png.empty()) words.push_back("--png=" + options.png);
    }
    words.push_back("--");
    words.push_back(options.results);
    return words;
}

// The table and the plots come from the Python package, which knows the chips; the table alone also
// from this program.
void run(const ParetoOptions& options, ExitCode& code) {
    for (const std::string& out : {options.svg, options.png, options.python.at("--csv")})
        if (!out.empty()) check_output_file(out, {options.results});
    const int status = run_python_module("acimsweep.pareto", python_arguments(options));
    if (status >= 0 && status != modules_missing && status != package_missing) {
        code = static_cast<ExitCode>(status);
        return;
    }
    const std::string missing =
        python_interpreter() +
        (status < 0 ? " cannot be started" : " cannot run the package acimsweep");
    const std::string advice =
        "Install python3-numpy, python3-h5py, python3-pandas, python3-scipy and python3-matplotlib";
    if (const std::string option = needs_python(options); !option.empty())
        throw InputError(option + ": " + missing + ". " + advice);
    if (status != modules_missing) warn("no P(front) and no plot: " + missing + ". " + advice);
    print(pareto_table(results_file(options.results)));
}

}  // namespace

void add_pareto_command(CLI::App& app, ExitCode& code) {
    auto options = std::make_shared<ParetoOptions>();
    CLI::App* command = app.add_subcommand(
        "pareto", "Which points are worth having, by any objectives: table, CSV and plot");
    const auto python = [&](const std::string& name, const std::string& help) {
        return command->add_option(name, options->python[name], help);
    };
    command->add_option("results", options->results, "a results file, or a run directory")
        ->type_name("F.h5|DIR")
        ->required();
    python("--objectives", "two or three, as accuracy,energy,area; default accuracy,tops_per_watt")
        ->type_name("A,B[,C]");
    python("--spec", "accuracy that a chip has to reach, for the yield of every point")
        ->type_name("ACCURACY");
    python("--where", "only points that fulfil this, as \"adc.bits >= 7\"")->type_name("CONDITION");
    python("--group-by", "a front for each value of this column")->type_name("KEY");
    python("--reference", "reference of the hypervolume; default: the worst of the points")
        ->type_name("A,B[,C]");
    python("--csv", "the compared points as a table")->type_name("PATH");
    command->add_option("--svg", options->svg, "the plot; default pareto.svg beside F.h5")
        ->type_name("PATH");
    command->add_option("--png", options->png, "the plot; default pareto.png beside F.h5")
        ->type_name("PATH");
    command->add_flag("--no-plot", options->no_plot, "no plot");
    command->callback([options, &code] { run(*options, code); });
}

}  // namespace acim
