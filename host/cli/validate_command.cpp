// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/data/data_set.hpp"
#include "host/onnx/import.hpp"
#include "host/sweep/load.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

struct ValidateOptions {
    std::string sweep;
    std::vector<std::string> overrides;
};

std::vector<std::string> mac_layer_names(const FloatGraph& graph) {
    std::vector<std::string> names;
    for (const FloatOperator& node : graph.operators)
        if (std::holds_alternative<FloatProduct>(node.op)) names.push_back(node.name);
    return names;
}

// Every rule must match a layer and every layer must take its settings. Whether activations are
// signed is known only after calibration; plan looks again.
void check_points(const std::vector<PointConfig>& points, const std::vector<std::string>& names) {
    for (const PointConfig& point : points) {
        const std::vector<LayerSettings> layers = resolve_layers(point, names);
        for (std::size_t i = 0; i < names.size(); ++i) check_layer(layers[i], false, names[i]);
    }
}

std::uint32_t evaluated_images(const SweepSpec& spec, const DataSet& data) {
    const std::uint32_t asked = spec.workload.images.value_or(data.count());
    if (asked > data.count()) {
        throw InputError(fmt::format("{}: key 'workload.images' is {}, but {} holds {} images.",
                                     spec.file.string(), asked, spec.workload.data.images,
                                     data.count()));
    }
    return asked;
}

void run_validate(const ValidateOptions& options) {
    const SweepSpec spec = load_sweep(options.sweep, options.overrides);
    const std::vector<PointConfig> points = expand(spec);
    const std::vector<std::string> names = mac_layer_names(import_onnx(spec.workload.network));
    check_points(points, names);
    const std::shared_ptr<const DataSet> data = open_data(spec.workload.data);
    const std::uint32_t images = evaluated_images(spec, *data);
    if (spec.workload.calibration) open_data(*spec.workload.calibration);
    const std::uint64_t trials =
        std::uint64_t{points.size()} * spec.trials.chips * spec.trials.repeats;
    print(fmt::format("{}: valid. {} points x {} chips x {} repeats = {} trials of {} images; {} MAC "
                      "layers in {}.\n",
                      options.sweep, points.size(), spec.trials.chips, spec.trials.repeats, trials,
                      images, names.size(), spec.workload.network));
}

}  // namespace

void add_validate_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<ValidateOptions>();
    CLI::App* validate =
        app.add_subcommand("validate", "Check a sweep and the files that it names; run nothing");
    validate->add_option("sweep", options->sweep, "the sweep file")->type_name("S.yaml")->required();
    validate->add_option("--set", options->overrides, "override a key of S.yaml, as in "
                         "--set trials.chips=8; may be repeated")
        ->type_name("KEY=VALUE")->take_all()->expected(1)->allow_extra_args(false);
    validate->callback([options] { run_validate(*options); });
}

}  // namespace acim
