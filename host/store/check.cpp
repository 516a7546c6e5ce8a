// SPDX-License-Identifier: Apache-2.0
#include "host/store/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/walk.hpp"
#include "host/store/results_file.hpp"
#include "host/store/run_directory.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

void check_results(const fs::path& path, CheckReport& report, bool count) {
    const std::vector<std::byte> bytes = read_whole_file(path);
    const SealedImage sealed = check_seal(bytes);
    if (sealed.state == SealState::broken) {
        report.damaged.push_back(
            fmt::format("{}: SHA-256 differs. Merge the run directory again", path.string()));
        return;
    }
    if (sealed.state == SealState::missing) {
        report.notes.push_back(
            fmt::format("{}: no seal (cut off or rewritten by another program)", path.string()));
    }
    try {
        const hdf5::Reader in = open_results(path);
        hdf5::walk(in, [&in](const std::string& object) {  // a chunk that fails its checksum throws
            if (in.is_dataset(object)) {
                hdf5::read_values(in, object);
            }
        });
        if (count) {
            const hdf5::Dims rows = in.dims("/trials/point");
            report.trials += rows.empty() ? 1 : rows[0];
        }
    } catch (const InputError& error) {
        report.damaged.emplace_back(error.what());
    }
}

void check_segment(const fs::path& path, CheckReport& report) {
    try {
        report.trials += read_segment(path).trials.size();
        report.segments += 1;
    } catch (const std::exception& error) {
        if (fs::exists(path)) {  // else its worker has just folded it into another one
            report.damaged.emplace_back(error.what());
        }
    }
}

void check_segments(const RunDirectory& directory, CheckReport& report) {
    std::vector<fs::path> files;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(directory.segments(), missing)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
        if (file.extension() == ".tmp") {
            report.notes.push_back(fmt::format(
                "{}: left by a writer that was killed, or one at work; harmless", file.string()));
        } else {
            check_segment(file, report);
        }
    }
}

CheckReport check_directory(const fs::path& path) {
    CheckReport report;
    const RunDirectory directory = RunDirectory::open(path);
    check_segments(directory, report);
    report.planned = unit_count(directory.plan());
    try {
        const TrialTable table = load_trials({path}, directory.plan());
        report.planned = table.needed;
        report.missing = table.missing();
        report.trials = table.rows() + table.unplanned;
    } catch (const std::runtime_error& error) {
        report.damaged.emplace_back(error.what());
    }
    if (fs::exists(directory.results())) {
        check_results(directory.results(), report, false);
    }
    return report;
}

bool is_segment(const fs::path& path) {
    const hdf5::Reader in = hdf5::Reader::open(path.string());
    return in.has_attribute("/", "schema_name") &&
           in.attribute_text("/", "schema_name") == "acimsweep-segment";
}

}  // namespace

CheckReport check_run(const fs::path& path) {
    if (fs::is_directory(path)) {
        return check_directory(path);
    }
    CheckReport report;
    const std::vector<std::byte> bytes = read_whole_file(path);
    if (check_seal(bytes).state == SealState::broken) {
        report.damaged.push_back(
            fmt::format("{}: SHA-256 differs. Merge or run the sweep again", path.string()));
    } else if (is_segment(path)) {
        check_segment(path, report);
    } else {
        open_results(path);
        check_results(path, report, true);
    }
    return report;
}

}  // namespace acim
