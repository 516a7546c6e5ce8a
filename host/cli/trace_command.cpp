// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/core/parse_number.hpp"
#include "host/run/layer_trace.hpp"

namespace acim {
namespace {

struct TraceOptions {
    std::string sweep, out, images = "0";
    std::vector<std::string> overrides;
    std::string trial;
    int threads = 0;
    TraceRequest request;
};

// "3" or "0-3".
void parse_images(const std::string& text, TraceRequest& request) {
    std::uint32_t first = 0, last = 0;
    const std::size_t dash = text.find('-');
    const bool is_range = dash != std::string::npos;
    if (!parse_number(std::string_view(text).substr(0, dash), first) ||
        (is_range && !parse_number(std::string_view(text).substr(dash + 1), last)) ||
        (is_range && last < first))
        throw InputError("--images " + text + ": expected one image or a range, as in 3 or 0-3");
    request.first_image = first;
    request.last_image = is_range ? last : first;
}

// "CHIP,REPEAT".
void parse_trial(const std::string& text, TraceRequest& request) {
    if (text.empty()) return;
    TraceRequest::Trial trial;
    const std::size_t comma = text.find(',');
    if (comma == std::string::npos ||
        !parse_number(std::string_view(text).substr(0, comma), trial.chip) ||
        !parse_number(std::string_view(text).substr(comma + 1), trial.repeat))
        throw InputError("--trial " + text + ": expected CHIP,REPEAT, as in 0,0");
    request.trial = trial;
}

void run_trace(TraceOptions& options) {
    parse_images(options.images, options.request);
    parse_trial(options.trial, options.request);
    check_output_file(options.out, {options.sweep});
    PlanOptions planning{options.overrides, {}, options.threads};
    planning.baselines = false;
    const SweepPlan plan = make_sweep_plan(options.sweep, planning);
    write_layer_trace(plan, options.request, options.out);
    print(fmt::format("{}: operands of layer {} on images {} to {}, for acimsweep mac\n",
                      options.out, options.request.layer, options.request.first_image,
                      options.request.last_image));
}

}  // namespace

void add_trace_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<TraceOptions>();
    CLI::App* trace = app.add_subcommand(
        "trace", "Write the integer operands of one layer on real images, as mac reads them");
    trace->add_option("sweep", options->sweep, "the sweep file")->type_name("S.yaml")->required();
    trace
        ->add_option(
            "--point", options->request.point,
            "number of the point, as in pareto and report, or the beginning of its id; not "
            "needed where there is one point")
        ->type_name("N|ID");
    trace->add_option("--layer", options->request.layer, "name of the layer")
        ->type_name("NAME")
        ->required();
    trace->add_option("--images", options->images, "one image of the data or a range")
        ->type_name("0-3")
        ->capture_default_str();
    trace
        ->add_option("--trial", options->trial,
                     "layers before this one run with the noise of this trial; default: digital")
        ->type_name("CHIP,REPEAT");
    trace->add_option("-o,--output", options->out, "w and x, q and k, or v and a")
        ->type_name("IN.h5")
        ->required();
    trace->add_option("--set", options->overrides, "override a key of S.yaml; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    trace->add_option("--threads", options->threads, "0: all cores; results do not depend on it")
        ->type_name("N")
        ->check(CLI::Range(0, 4096));
    trace->footer("Example:\n  acimsweep trace sweep.yaml --layer conv2 --images 0-3 -o in.h5");
    trace->callback([options] { run_trace(*options); });
}

}  // namespace acim
