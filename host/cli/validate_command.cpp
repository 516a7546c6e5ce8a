// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/run/layer_check.hpp"
#include "host/sweep/equal_points.hpp"
#include "host/sweep/load.hpp"
#include "host/sweep/notes.hpp"
#include "host/sweep/point.hpp"

namespace acim {
namespace {

struct ValidateOptions {
    std::string sweep;
    std::vector<std::string> overrides;
};

void run_validate(const ValidateOptions& options) {
    const SweepSpec spec = load_sweep(options.sweep, options.overrides);
    const std::vector<PointConfig> points = expand(spec);
    const Workload workload = load_workload(spec);
    check_stated_axes(spec, workload);
    check_points_on_layers(spec, points, workload);
    check_equal_points(spec, points, workload.layers);
    check_trial_count(spec, points.size(), workload.images);
    check_stop_rule(spec, workload);
    const std::uint64_t trials =
        std::uint64_t{points.size()} * spec.trials.chips * spec.trials.repeats;
    print(
        fmt::format("{}: valid. {} points x {} chips x {} repeats = {} trials of {} images{}; {} "
                    "MAC layers in {}.\n",
                    options.sweep, points.size(), spec.trials.chips, spec.trials.repeats, trials,
                    workload.images, spec.trials.stop_half_width > 0.0 ? " at most" : "",
                    workload.layers.size(), spec.workload.network));
    print(fmt::format("data: {} images of {}; {}\n", workload.data->count(),
                      fmt::join(workload.data->image_shape(), "x"), workload.normalisation));
    if (!workload.stated.empty()) print(workload.stated + "\n");
    for (const std::string& note : sweep_notes(spec, points)) print("note: " + note + "\n");
}

}  // namespace

void add_validate_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<ValidateOptions>();
    CLI::App* validate =
        app.add_subcommand("validate", "Check a sweep and the files that it names; run nothing");
    validate->add_option("sweep", options->sweep, "the sweep file")
        ->type_name("S.yaml")
        ->required();
    validate
        ->add_option("--set", options->overrides,
                     "override a key of S.yaml, as in "
                     "--set trials.chips=8; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    validate->callback([options] { run_validate(*options); });
}

}  // namespace acim
