// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/run/engine_bench.hpp"

namespace acim {
namespace {

struct BenchCommandOptions {
    std::string engine = "auto", only, json;
    int threads = 0;
    double seconds = 2.0;
    bool quick = false;
};

// One line that is replaced by the next; nothing where nobody looks.
void show(const std::string& text) {
    if (isatty(STDERR_FILENO) != 1) return;
    fmt::print(stderr, "\r{}\033[K", text);
    std::fflush(stderr);
}

void run(const BenchCommandOptions& options) {
    EngineBenchOptions bench;
    bench.engine = engine_choice(options.engine);
    bench.threads = options.threads;
    bench.seconds = options.quick ? 0.02 : options.seconds;
    if (options.quick) bench.images = 1;
    bench.only = options.only;
    if (!options.json.empty()) check_output_file(options.json);
    const EngineBench result =
        bench_engine(bench, [](const std::string& name, std::size_t done, std::size_t all) {
            show(fmt::format("[{}/{}] {}", done + 1, all, name));
        });
    show("");
    for (const std::string& line : result.warnings) warn(line);
    if (!options.json.empty())
        write_file_atomically(options.json, bench_json(result).dump(2) + "\n");
    print(bench_table(result));
}

}  // namespace

void add_bench_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<BenchCommandOptions>();
    CLI::App* bench = app.add_subcommand(
        "bench", "Measure the engine's speed here, beside the CPU's where it is another one");
    add_engine_option(*bench, options->engine);
    bench->add_option("--threads", options->threads, "threads of the CPU; default every core")
        ->type_name("N")
        ->check(CLI::Range(0, 4096));
    bench->add_option("--seconds", options->seconds, "how long a case is measured")
        ->type_name("S")
        ->check(CLI::Range(0.001, 3600.0))
        ->capture_default_str();
    bench->add_option("--only", options->only, "cases whose name begins so, as conv256/table")
        ->type_name("CASE");
    bench->add_option("--json", options->json, "also write the figures to FILE")->type_name("FILE");
    bench->add_flag("--quick", options->quick,
                    "one image a trial: whether it works, not how fast it is");
    bench->footer("Example:\n  acimsweep bench --engine cuda --json bench.json");
    bench->callback([options] { run(*options); });
}

}  // namespace acim
