// SPDX-License-Identifier: Apache-2.0
#include "host/cli/sweep_options.hpp"

#include <fmt/format.h>

#include "host/cluster/task_number.hpp"
#include "host/core/error.hpp"
#include "host/core/parse_number.hpp"
#include "host/engine/engine_choice.hpp"
#include "host/run/aggregate.hpp"

namespace acim {

std::filesystem::path SweepOptions::directory() const {
    return out.empty() ? std::filesystem::path("results") / std::filesystem::path(sweep).stem()
                       : std::filesystem::path(out);
}

std::unique_ptr<TrialEngine> SweepOptions::engine_of_choice() const {
    return make_engine(engine_choice(engine), threads);
}

void add_engine_option(CLI::App& command, std::string& engine) {
    command
        .add_option("--engine", engine,
                    "auto, cpu or cuda; auto takes a GPU where there is one, and results do not "
                    "depend on it")
        ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

void add_sweep_options(CLI::App& command, SweepOptions& options) {
    command.add_option("sweep", options.sweep, "the sweep file")->type_name("S.yaml")->required();
    command
        .add_option("-o,--output", options.out, "run directory; default results/<name of S.yaml>")
        ->type_name("DIR");
    command
        .add_option("--set", options.overrides,
                    "override a key of S.yaml, as in --set trials.chips=8; may be repeated")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
    command.add_option("--threads", options.threads, "threads; default every core")
        ->type_name("N")
        ->check(CLI::Range(0, 4096));
    add_engine_option(command, options.engine);
}

namespace {

Shard automatic_shard(const std::string& text) {
    std::uint32_t count = 0;
    if (text != "auto" && (!text.starts_with("auto/") ||
                           !parse_number(std::string_view(text).substr(5), count) || count == 0))
        throw InputError("--shard " + text + ": expected auto, or auto/n with n parts");
    const TaskNumber number = task_number(process_environment(), count);
    return {number.index, number.count};
}

}  // namespace

Shard parse_shard(const std::string& text) {
    if (text.starts_with("auto")) return automatic_shard(text);
    const std::size_t slash = text.find('/');
    Shard shard;
    if (slash == std::string::npos ||
        !parse_number(std::string_view(text).substr(0, slash), shard.index) ||
        !parse_number(std::string_view(text).substr(slash + 1), shard.count) || shard.count == 0 ||
        shard.index >= shard.count)
        throw InputError("--shard " + text +
                         ": expected i/n with 0 <= i < n, as in --shard 0/3, 1/3 and 2/3, or auto");
    return shard;
}

std::string baseline_lines(const SweepPlan& plan) {
    const Workload& workload = *plan.workload;
    const auto items = static_cast<double>(workload.items());
    const auto reached = [&](const Score& score) {
        std::string text =
            fmt::format("{:.2f} %", 100.0 * static_cast<double>(score.correct) / items);
        if (workload.positions > 1)
            text += fmt::format(", perplexity {:.3f}", perplexity_of(score.mean_loss(items)));
        return text;
    };
    std::string text =
        "float network: " + reached(plan.float_score) +
        fmt::format(" of {} images", workload.images) +
        (workload.positions > 1 ? fmt::format(" with {} positions each", workload.positions) : "") +
        "\n";
    if (!workload.stated.empty()) text += workload.stated + "\n";
    if (plan.groups.size() == 1)
        return text + "noise-free quantised network: " + reached(plan.groups[0].quantised) + "\n";
    for (const NetworkGroup& group : plan.groups)
        text += fmt::format("noise-free quantised network {}: {} ({} points)\n",
                            group.network->hash.substr(0, 8), reached(group.quantised),
                            group.points.size());
    return text;
}

}  // namespace acim
