// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/run/pareto_table.hpp"

namespace acim {
namespace {

struct ParetoOptions {
    std::string results;
    std::string svg, png;
    bool no_plot = false;
};

// Where the Python package lies: beside the sources, or installed where Python finds it itself.
void add_package_path() {
    const std::filesystem::path sources = std::filesystem::path(ACIM_SOURCE_DIR) / "analysis";
    if (!std::filesystem::exists(sources / "acimsweep")) return;
    const char* known = std::getenv("PYTHONPATH");
    const std::string path =
        known != nullptr && *known != '\0' ? sources.string() + ":" + known : sources.string();
    setenv("PYTHONPATH", path.c_str(), 1);
}

// Debian's modules belong to Debian's interpreter, which need not be the first on PATH.
std::string interpreter() {
    if (const char* chosen = std::getenv("ACIM_PYTHON")) return chosen;
    return access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
}

// Becomes the plotting program; comes back only if there is none.
void plot(const ParetoOptions& options) {
    std::vector<std::string> words = {interpreter(),   "-m",       "acimsweep.pareto",
                                      options.results, "--svg",    options.svg,
                                      "--png",         options.png};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    add_package_path();
    execvp(argv[0], argv.data());
    warn("no plot: " + interpreter() +
         " cannot be started. Install python3-matplotlib, "
         "python3-h5py and python3-pandas, or take --no-plot");
}

void run(ParetoOptions options) {
    for (const std::string& plot : {options.svg, options.png})
        if (!plot.empty()) check_output_file(plot, {options.results});
    print(pareto_table(options.results));
    if (options.no_plot) return;
    const std::filesystem::path stem =
        std::filesystem::path(options.results).parent_path() / "pareto";
    if (options.svg.empty()) options.svg = stem.string() + ".svg";
    if (options.png.empty()) options.png = stem.string() + ".png";
    plot(options);
}

}  // namespace

void add_pareto_command(CLI::App& app, ExitCode&) {
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
    command->callback([options] { run(*options); });
}

}  // namespace acim
