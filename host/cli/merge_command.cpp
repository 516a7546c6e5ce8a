// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/run/aggregate.hpp"
#include "host/store/merge.hpp"

namespace acim {
namespace {

struct MergeOptions {
    std::vector<std::string> directories;
    std::string out;
    bool complete = false;
};

// A run directory's own files must outlive every merge; only its results.h5 may be replaced.
void check_apart(const std::filesystem::path& out,
                 const std::vector<std::filesystem::path>& directories) {
    namespace fs = std::filesystem;
    const fs::path target = fs::weakly_canonical(out);
    for (const fs::path& directory : directories) {
        const fs::path inside = target.lexically_relative(fs::weakly_canonical(directory));
        if (inside.empty() || *inside.begin() == ".." || inside == "results.h5") continue;
        throw InputError(
            fmt::format("{}: lies in the run directory {}, whose files it could replace. "
                        "Name a file outside, or {}",
                        out.string(), directory.string(), (directory / "results.h5").string()));
    }
}

void run_merge(const MergeOptions& options, ExitCode& result) {
    const std::vector<std::filesystem::path> directories(options.directories.begin(),
                                                         options.directories.end());
    check_output_file(options.out);
    check_apart(options.out, directories);
    const Merged merged = merge_runs(directories, options.out, aggregate);
    for (const std::string& line : merged.table.warnings) warn(line);
    print(fmt::format("{}: {} finished work units from {} segments; {}.\n", options.out,
                      merged.table.rows(), merged.table.segments,
                      merged.table.missing() == 0
                          ? std::string("complete")
                          : fmt::format("{} of the plan are missing", merged.table.missing())));
    if (options.complete && merged.table.missing() > 0) result = ExitCode::interrupted;
}

}  // namespace

void add_merge_command(CLI::App& app, ExitCode& result) {
    auto options = std::make_shared<MergeOptions>();
    CLI::App* merge = app.add_subcommand(
        "merge", "Collect the finished trials of run directories of one sweep into one file");
    merge->add_option("dir", options->directories, "run directories of the same sweep")
        ->type_name("DIR")
        ->required()
        ->expected(1, 1 << 20);
    merge->add_option("-o,--output", options->out, "the results file")
        ->type_name("F.h5")
        ->required();
    merge->add_flag("--complete", options->complete,
                    "exit code 3 where units of the plan are missing; the file is written anyway");
    merge->callback([options, &result] { run_merge(*options, result); });
}

}  // namespace acim
