// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

// By name, so that messages do not depend on the file system's order.
std::vector<fs::path> segment_files(const fs::path& run_directory) {
    std::vector<fs::path> files;
    const fs::path folder = run_directory / "segments";
    if (!fs::is_directory(folder)) {
        return files;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && entry.path().extension() == ".h5") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string text_of(const SegmentOrigin& origin) {
    return fmt::format("seed {}, model_version {}, data {}, positions {}, {} predictions",
                       origin.seed, origin.model_version, origin.data_hash, origin.positions,
                       origin.predictions ? "with" : "without");
}

void expect_origin(const fs::path& file, const SegmentOrigin& found, const SegmentOrigin& wanted) {
    if (found != wanted) {
        throw InputError(fmt::format(
            "{}: a segment of another run ({}; the plan has {}). Remove it from this directory",
            file.string(), text_of(found), text_of(wanted)));
    }
}

// False where the file is gone: its worker has folded it into another one.
bool add_segment(TrialTableBuilder& builder, const fs::path& file, const SegmentOrigin& origin) {
    Segment segment;
    try {
        segment = read_segment(file);
    } catch (const DamagedFile& damage) {
        builder.warn(damage.what());
        return true;
    } catch (const std::runtime_error&) {
        if (fs::exists(file)) {
            throw;
        }
        return false;
    }
    expect_origin(file, segment.origin, origin);
    builder.open_source(file);
    for (const StoredTrial& trial : segment.trials) {
        builder.add(trial);
    }
    return true;
}

// Until every file that a listing showed has been read, twice in a row. A folded file is written
// before what it replaces is removed, so the next listing shows it. One listing is not enough: of a
// large directory it takes several calls, between which the new name can come where they have been
// and the old ones go where they have not.
void add_directory(TrialTableBuilder& builder, const fs::path& directory,
                   const SegmentOrigin& origin) {
    std::set<fs::path> seen;
    for (int calm = 0; calm < 2; ++calm) {
        for (const fs::path& file : segment_files(directory)) {
            if (seen.insert(file).second && !add_segment(builder, file, origin)) {
                calm = -1;
            }
        }
    }
}

}  // namespace

TrialTable load_trials(const std::vector<fs::path>& run_directories, const PlanRecord& plan) {
    TrialTableBuilder builder(plan);
    const SegmentOrigin origin = origin_of(plan);
    for (const fs::path& directory : run_directories) {
        add_directory(builder, directory, origin);
    }
    return builder.finish();
}

}  // namespace acim
