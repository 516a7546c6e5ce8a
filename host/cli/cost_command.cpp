// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cost/macro_cost.hpp"
#include "host/sweep/load.hpp"
#include "host/sweep/preset.hpp"

namespace acim {
namespace {

struct CostOptions {
    std::string macro;
    std::vector<std::string> overrides;
    MacroLoad load;
    bool json = false;
};

// A file of the user's, or the file of a preset.
std::filesystem::path macro_file(const std::string& name) {
    if (std::filesystem::exists(name)) return name;
    return find_preset(name, {"cost", "the macro", "."});
}

nlohmann::json to_json(const MacroCost& macro, const MacFile& file) {
    const Cost& cost = macro.cost;
    nlohmann::json energy = nlohmann::json::object();
    const auto blocks = block_energies(cost.energy);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        energy[std::string(energy_blocks[i])] = blocks[i];
    return {{"technology", file.technology_name},
            {"inputs", macro.inputs},
            {"outputs", macro.outputs},
            {"weight_bits", file.settings.weight_bits},
            {"activation_bits", file.settings.activation_bits},
            {"conversions", macro.work.conversions},
            {"operations", cost.operations},
            {"energy", cost.energy.total()},
            {"energy_blocks", energy},
            {"column_operation", macro.column_operation()},
            {"latency", cost.latency},
            {"area", cost.area},
            {"tops", cost.tops()},
            {"tops_per_watt", cost.tops_per_watt()},
            {"bit_tops_per_watt", cost.bit_tops_per_watt()},
            {"tops_per_mm2", cost.tops_per_mm2()}};
}

// A figure, or why there is none.
std::string figure(double value, double factor, const char* unit, const char* missing) {
    return std::isfinite(value) ? fmt::format("{:.4g} {}", factor * value, unit) : missing;
}

// "4.235 nJ", or "279 pJ" where that is less than one.
std::string joule(double energy) {
    return energy < 1e-9 ? fmt::format("{:.4g} pJ", 1e12 * energy)
                         : fmt::format("{:.4g} nJ", 1e9 * energy);
}

std::string sheet(const MacroCost& macro, const MacFile& file) {
    const Cost& cost = macro.cost;
    const double total = cost.energy.total();
    const char* no_time = "unknown: nothing takes time";
    const char* no_area = "unknown: the technology has no area of a cell";
    const char* no_density = std::isfinite(cost.area) ? no_time : no_area;
    std::string text = fmt::format(
        "technology       {}\n"
        "product          {} inputs of {} bits, {} outputs with weights of {} bits\n"
        "conversions      {}\n"
        "energy           {}, of which\n",
        file.technology_name, macro.inputs, file.settings.activation_bits, macro.outputs,
        file.settings.weight_bits, macro.work.conversions, joule(total));
    const auto blocks = block_energies(cost.energy);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i] > 0.0)
            text += fmt::format("  {:<14} {:>12}  {:5.1f} %\n", energy_blocks[i], joule(blocks[i]),
                                100.0 * blocks[i] / total);
    if (macro.work.conversions > 0)
        text += "a conversion     " + joule(macro.column_operation()) + " in ADC and array\n";
    text += "time             " + figure(cost.latency, 1e9, "ns", no_time) + "\n";
    text += "area             " + figure(cost.area, 1e6, "mm2", no_area) + "\n";
    text += fmt::format("efficiency       {:.4g} TOPS/W, {:.4g} normalised to 1 x 1 bit\n",
                        cost.tops_per_watt(), cost.bit_tops_per_watt());
    text += "throughput       " + figure(cost.tops(), 1.0, "TOPS", no_time) + "\n";
    text += "density          " + figure(cost.tops_per_mm2(), 1.0, "TOPS/mm2", no_density) + "\n";
    return text;
}

void run_cost(const CostOptions& options) {
    const MacFile file = load_macro_file(macro_file(options.macro), options.overrides);
    const MacroCost macro = macro_cost(file.settings, file.technology, options.load);
    print(options.json ? to_json(macro, file).dump(2) + "\n" : sheet(macro, file));
}

}  // namespace

void add_cost_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<CostOptions>();
    CLI::App* cost = app.add_subcommand(
        "cost", "Data sheet of a macro: energy by block, time, area, TOPS/W (docs/cost.md)");
    cost->add_option("macro", options->macro, "a file of `mac`, or the name of a preset")
        ->type_name("M.yaml")
        ->required();
    cost->add_option("--inputs", options->load.inputs, "of the product; default: an array's rows")
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 24));
    cost->add_option("--outputs", options->load.outputs,
                     "of the product; default: what an array holds")
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 24));
    cost->add_option("--weight-ones", options->load.weight_ones, "share of ones in stored bits")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    cost->add_option("--input-ones", options->load.input_ones, "share of ones in the inputs")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    cost->add_option("--set", options->overrides,
                     "override a key, as in --set technology.supply_V=0.7; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    cost->add_flag("--json", options->json, "the same as JSON, SI units; areas in m2");
    cost->footer("Example:\n  acimsweep cost jia_jssc_2020 --set technology.supply_V=1.2");
    cost->callback([options] { run_cost(*options); });
}

}  // namespace acim
