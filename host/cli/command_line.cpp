// SPDX-License-Identifier: Apache-2.0
#include "host/cli/command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <new>

#include "cuda/trial/engine.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/core/nearest_word.hpp"

namespace acim {
namespace {

constexpr const char* about =
    "acimsweep: Monte Carlo sweeps of SRAM analog compute-in-memory macros.\n";

constexpr const char* examples =
    "Examples:\n"
    "  acimsweep validate sweeps/quickstart.yaml         check a sweep, run nothing\n"
    "  acimsweep run sweeps/quickstart.yaml -o out       run it, or go on with it\n"
    "  acimsweep pareto out/results.h5                   table and plot\n"
    "  acimsweep report out/results.h5                   one page with plots and tables\n"
    "  acimsweep mac in.h5 --macro macro.yaml -o out.h5  one layer with given integers\n"
    "  acimsweep merge run-0 run-1 -o results.h5         shards into one file\n"
    "  acimsweep export results.h5 --csv points.csv      the table of points\n"
    "\n"
    "Exit codes: 0 all done, 1 some points failed, 2 bad input, 3 interrupted (finished work is\n"
    "kept), 4 storage or device failure.";

int exit_code(ExitCode code) { return static_cast<int>(code); }

int fail(ExitCode code, const std::string& message) {
    std::fprintf(stderr, "acimsweep: %s\n", message.c_str());
    return exit_code(code);
}

void add_commands(CLI::App& app, ExitCode& result) {
    add_validate_command(app, result);
    add_plan_command(app, result);
    add_run_command(app, result);
    add_submit_command(app, result);
    add_status_command(app, result);
    add_merge_command(app, result);
    add_check_command(app, result);
    add_pareto_command(app, result);
    add_report_command(app, result);
    add_export_command(app, result);
    add_mac_command(app, result);
    add_trace_command(app, result);
    add_bench_command(app, result);
    add_cost_command(app, result);
    add_info_command(app, result);
}

// The deepest command that was given: its --help is the one that helps.
std::string help_command(const CLI::App& app) {
    const auto given = app.get_subcommands();
    return given.empty() ? "acimsweep --help" : "acimsweep " + given.back()->get_name() + " --help";
}

// "Did you mean 'x'?" with a space in front, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string nearest = nearest_word(word, candidates);
    return nearest.empty() ? "" : " Did you mean '" + nearest + "'?";
}

// About the first option on the command line that the command does not have; empty without one.
std::string unknown_option(const CLI::App& command, int argc, const char* const* argv) {
    std::vector<std::string> known;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = std::string_view(argv[i]).substr(0, 100);
        const std::string name(word.substr(0, word.find('=')));
        if (!name.starts_with("--") || name == "--") continue;
        if (std::find(known.begin(), known.end(), name) == known.end())
            return "'" + name + "' is not an option of " + command.get_name() + "." +
                   did_you_mean(name, known);
    }
    return "";
}

// CLI11 says only that a command is missing when it does not know the one that was given, and lists
// what it did not expect from the end to the beginning.
std::string parse_message(const CLI::App& app, const CLI::ParseError& error, int argc,
                          const char* const* argv) {
    const auto given = app.get_subcommands();
    if (!given.empty() || argc < 2 || argv[1][0] == '-') {
        const bool extras =
            given.empty() || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
        const std::string unknown =
            extras ? unknown_option(given.empty() ? app : *given.back(), argc, argv) : "";
        return (unknown.empty() ? std::string(error.what()) + "." : unknown) + " See " +
               help_command(app) + ".";
    }
    std::vector<std::string> commands;
    std::string list;
    for (const CLI::App* command : app.get_subcommands({})) {
        commands.push_back(command->get_name());
        list += " " + command->get_name();
    }
    return std::string("'") + argv[1] + "' is not a command." +
           did_you_mean(std::string_view(argv[1]).substr(0, 100), commands) + " Commands:" + list +
           ".";
}

int parse(CLI::App& app, int argc, const char* const* argv, const ExitCode& result) {
    try {
        app.parse(argc, argv);
        return exit_code(result);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0)
            return fail(ExitCode::bad_input, parse_message(app, error, argc, argv));
        if (error.get_name() == "CallForVersion") {
            print(std::string(error.what()) + "\n");
        } else {
            const auto given = app.get_subcommands();
            print(given.empty() ? app.help() : given.back()->help("acimsweep"));
        }
        return exit_code(ExitCode::ok);
    }
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    try {
        CLI::App app(about, "acimsweep");
        app.set_version_flag("--version", std::string("acimsweep ") + program_version());
        app.require_subcommand(1);
        app.footer(examples);
        ExitCode result = ExitCode::ok;
        add_commands(app, result);
        return parse(app, argc, argv, result);
    } catch (const InputError& error) {
        return fail(ExitCode::bad_input, error.what());
    } catch (const StorageError& error) {
        return fail(ExitCode::storage, error.what());
    } catch (const EngineFailure& error) {
        return fail(ExitCode::storage, std::string("the engine failed: ") + error.what() +
                                           ". Finished work is kept; give the same command again.");
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(ExitCode::storage, error.path1().string() + ": " + error.code().message() +
                                           ". Check the disk and the rights; what was stored is "
                                           "intact.");
    } catch (const std::bad_alloc&) {
        return fail(ExitCode::storage, "out of memory. Take fewer threads, images or repeats.");
    } catch (const std::exception& error) {
        return fail(ExitCode::storage, std::string("internal error: ") + error.what() +
                                           ". Please report it with the command and its files.");
    }
}

void print(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0)
        throw StorageError("standard output: writing failed. Is the disk full or the pipe closed?");
}

void check_output_file(const std::filesystem::path& out,
                       const std::vector<std::filesystem::path>& inputs) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    if (out.empty()) throw InputError("the name of the output is empty. Name a file.");
    for (const fs::path& input : inputs) {
        if (fs::equivalent(out, input, ignored))
            throw InputError(out.string() +
                             ": the output is one of the inputs. Name another file.");
    }
    const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, ignored))
        throw StorageError(out.string() + ": its directory does not exist. Create it first.");
    // A link is not followed: the rename would replace /dev/stdout, not what it points to.
    const fs::file_status status = fs::symlink_status(out, ignored);
    if (fs::exists(status) && !fs::is_regular_file(status))
        throw StorageError(out.string() +
                           ": this is no regular file but a directory, link or device, "
                           "which would be replaced. Name a file.");
}

void warn(std::string_view text) {
    std::fprintf(stderr, "acimsweep: warning: %.*s\n", static_cast<int>(text.size()), text.data());
}

const char* program_version() { return ACIM_VERSION; }

}  // namespace acim
