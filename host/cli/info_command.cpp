// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <thread>

#include <fmt/format.h>
#include <hdf5.h>

#include "cuda/engine/cuda_engine.hpp"
#include "cuda/model/macro/params.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/core/allotment.hpp"
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

// "64", or "4 of 64" where a batch system or container grants fewer.
std::string usable_cores_text() {
    const int usable = usable_cores(), all = static_cast<int>(std::thread::hardware_concurrency());
    return usable < all ? fmt::format("{} of {}", usable, all) : std::to_string(usable);
}

std::string hdf5_version() {
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) return "unknown";
    return fmt::format("{}.{}.{}", major, minor, release);
}

// "  0: NVIDIA H200, compute capability 9.0, 132 processors, 139.8 GiB, 1.98 GHz"
std::string device_line(const CudaDevice& d) {
    std::string line = fmt::format("  {}: {}, compute capability {}.{}, {} processors, {:.1f} GiB",
                                   d.index, d.name, d.major, d.minor, d.processors,
                                   static_cast<double>(d.memory) / (std::uint64_t{1} << 30));
    if (d.clock > 0.0) line += fmt::format(", {:.2f} GHz", d.clock * 1e-9);
    return line + "\n";
}

// What a GPU could do here, or the one line that says what is missing.
std::string cuda_lines() {
    const CudaStatus status = cuda_status();
    std::string text = "CUDA           ";
    if (!status.compiled) return text + status.missing + "\n";
    text += "runtime " + status.runtime;
    if (!status.driver.empty()) text += ", driver " + status.driver;
    if (!status.product_library.empty()) text += ", integer products by " + status.product_library;
    text += "\n";
    if (status.devices.empty()) text += "  " + status.missing + "\n";
    for (const CudaDevice& device : status.devices) text += device_line(device);
    return text;
}

std::string preset_lines() {
    std::string out = "\nPresets for macro.preset:\n";
    for (const Preset& preset : list_presets())
        out += fmt::format("  {:<18} {}\n", preset.name, preset.title);
    out += "\nTechnologies for technology.preset:\n";
    for (const Preset& preset : list_presets(PresetKind::technology))
        out += fmt::format("  {:<18} {}\n", preset.name, preset.title);
    return out;
}

void run_info() {
    print(
        fmt::format("acimsweep      {}\n"
                    "model version  {}\n"
                    "compiler       {}\n"
                    "cores          {}\n"
                    "memory         {:.1f} GiB\n"
                    "SIMD           {}\n"
                    "{}"
                    "HDF5           {}\n"
                    "yaml-cpp       {}\n",
                    program_version(), model_version, compiler(), usable_cores_text(),
                    static_cast<double>(usable_memory()) / (std::uint64_t{1} << 30),
                    simd_description(), cuda_lines(), hdf5_version(), ACIM_YAML_CPP_VERSION));
    print(preset_lines());
}

}  // namespace

void add_info_command(CLI::App& app, ExitCode&) {
    CLI::App* info =
        app.add_subcommand("info", "Versions, cores, SIMD level, devices and macro presets");
    info->callback(run_info);
}

}  // namespace acim
