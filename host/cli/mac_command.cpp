// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/run/layer_file.hpp"
#include "host/run/single_layer.hpp"
#include "host/sweep/load.hpp"

namespace acim {
namespace {

struct MacOptions {
    std::string in, macro, out;
    std::vector<std::string> overrides;
    SingleLayerOptions run;
};

void run_mac(const MacOptions& options) {
    const MacFile macro = load_macro_file(options.macro, options.overrides);
    const LayerOperands operands = read_layer_operands(options.in, macro.settings);
    check_output_file(options.out, {options.in, options.macro});
    const SingleLayerResult result = run_single_layer(operands, macro, options.run);
    write_layer_result(options.out, operands, macro, result, program_version());
}

}  // namespace

void add_mac_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<MacOptions>();
    CLI::App* mac = app.add_subcommand(
        "mac", "Compute one layer with given integers, for checks against RTL, SPICE or silicon");
    mac->add_option("in", options->in, "HDF5 file with x and w, q and k, or a and v")
        ->type_name("IN.h5")
        ->required();
    mac->add_option("--macro", options->macro,
                    "the macro: weight_bits, activation_bits, macro, seed")
        ->type_name("M.yaml")
        ->required();
    mac->add_option("-o,--output", options->out, "result: y, A, D")
        ->type_name("OUT.h5")
        ->required();
    mac->add_flag("--conversions", options->run.conversions,
                  "also s and code of every conversion (larger and slower)");
    mac->add_option("--set", options->overrides,
                    "override a key of M.yaml, as in "
                    "--set macro.adc.bits=6; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    mac->add_option("--threads", options->run.threads, "0: all cores; results do not depend on it")
        ->type_name("N")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    mac->footer(
        "Example:\n  acimsweep mac in.h5 --macro macro.yaml -o out.h5 --set macro.adc.bits=6");
    mac->callback([options] { run_mac(*options); });
}

}  // namespace acim
