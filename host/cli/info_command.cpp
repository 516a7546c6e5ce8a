// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <thread>

#include <fmt/format.h>
#include <hdf5.h>

#include "cuda/model/macro/params.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/engine/cpu_engine.hpp"
#include "host/sweep/preset.hpp"

namespace acim {
namespace {

std::string compiler() {
#if defined(__clang__)
    return "clang++ " __clang_version__;
#elif defined(__GNUC__)
    return "g++ " __VERSION__;
#else
    return "unknown";
#endif
}

std::string hdf5_version() {
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
    return fmt::format("{}.{}.{}", major, minor, release);
}

std::string preset_lines() {
    std::string out = "\nPresets for macro.preset:\n";
    for (const Preset& preset : list_presets())
        out += fmt::format("  {:<16} {}\n", preset.name, preset.title);
    return out;
}

void run_info() {
    print(fmt::format(
        "acimsweep      {}\n"
        "model version  {}\n"
        "compiler       {}\n"
        "cores          {}\n"
        "SIMD           {}\n"
        "CUDA           not built in this version; everything runs on the CPU\n"
        "HDF5           {}\n"
        "yaml-cpp       {}\n",
        program_version(), model_version, compiler(), std::thread::hardware_concurrency(),
        simd_description(), hdf5_version(), ACIM_YAML_CPP_VERSION));
    print(preset_lines());
}

}  // namespace

void add_info_command(CLI::App& app, ExitCode&) {
    CLI::App* info =
        app.add_subcommand("info", "Versions, cores, SIMD level, devices and macro presets");
    info->callback(run_info);
}

}  // namespace acim
