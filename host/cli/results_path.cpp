// SPDX-License-Identifier: Apache-2.0
#include "host/cli/results_path.hpp"

#include <fmt/format.h>

#include "host/cli/output.hpp"
#include "host/core/error.hpp"
#include "host/store/results_file.hpp"
#include "host/store/run_directory.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

std::filesystem::path results_file(const std::filesystem::path& results) {
    if (!std::filesystem::is_directory(results)) return results;
    const std::filesystem::path file = results / "results.h5";
    const std::string merge =
        fmt::format("acimsweep merge {} -o {}", results.string(), file.string());
    if (!std::filesystem::exists(results / "plan.json") && std::filesystem::exists(file))
        return file;
    const RunDirectory directory = RunDirectory::open(results);
    if (!std::filesystem::exists(file))
        throw InputError(
            fmt::format("{}: has no results.h5 yet, which a whole run writes at its "
                        "end. {} makes one of what is finished",
                        results.string(), merge));
    const std::size_t stored = load_trials({directory.path()}, directory.plan()).rows();
    const hdf5::Reader in = open_results(file);
    const std::size_t held = in.dims("/trials/chip").at(0);
    if (held < stored)
        warn(fmt::format("{} holds {} of {} finished units. {} takes in the others", file.string(),
                         held, stored, merge));
    return file;
}

}  // namespace acim
