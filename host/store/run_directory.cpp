// SPDX-License-Identifier: Apache-2.0
#include "host/store/run_directory.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/plan_json.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

PlanRecord read_plan(const fs::path& path) {
    const std::vector<std::byte> bytes = read_whole_file(path);
    return plan_from_json(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                          path.string());
}

// A directory with files of somebody else is a mistyped -o.
void refuse_foreign(const fs::path& path) {
    bool empty = true;
    for (const auto& entry : fs::directory_iterator(path)) {
        empty = false;
        const std::string name = entry.path().filename().string();
        for (const char* own : {"plan.json", "plans", "segments", "networks", "runs", "log.txt"}) {
            if (name == own) {
                return;
            }
        }
        if (name.starts_with(".plan.json.")) {
            return;
        }
    }
    if (!empty) {
        throw InputError(fmt::format(
            "{}: holds files, but no plan.json of a run. Give a new or empty directory with -o",
            path.string()));
    }
}

template <class T>
void expect_same(const fs::path& path, const char* key, const T& stored, const T& asked) {
    if (stored != asked) {
        throw InputError(fmt::format(
            "{}: {}: this directory holds trials of {}, the sweep asks for {}. Give another "
            "directory with -o, or set it back",
            path.string(), key, stored, asked));
    }
}

std::string text_of(const StopRule& rule) {
    if (!rule.active()) {
        return "none";
    }
    return fmt::format("half_width {} from {} chips", rule.half_width, rule.first_chips);
}

// Where the trials of two plans cannot stand together.
void expect_same_origin(const fs::path& path, const PlanRecord& stored, const PlanRecord& asked) {
    expect_same(path, "seed", stored.seed, asked.seed);
    expect_same(path, "model_version", stored.model_version, asked.model_version);
    expect_same(path, "data", stored.data_hash, asked.data_hash);
    expect_same(path, "trials.predictions", stored.keeps_predictions(), asked.keeps_predictions());
}

// What was asked for that is not what is stored, for people; empty where all of it is equal. This is
// known before the networks are calibrated.
std::string early_difference(const PlanRecord& stored, const PlanRecord& asked) {
    std::string text;
    const auto compare = [&text](const char* what, std::uint64_t before, std::uint64_t now) {
        if (before != now) {
            text +=
                fmt::format("{}{} there, {} now {}", text.empty() ? "" : "; ", before, now, what);
        }
    };
    compare("points", stored.points.size(), asked.points.size());
    compare("chips", stored.chips, asked.chips);
    compare("repeats", stored.repeats, asked.repeats);
    compare("images", stored.images, asked.images);
    if (stored.stop != asked.stop) {
        text += fmt::format("{}trials.stop: {} there, {} now", text.empty() ? "" : "; ",
                            text_of(stored.stop), text_of(asked.stop));
    }
    for (std::size_t i = 0; text.empty() && i < asked.points.size(); ++i) {
        if (stored.points[i].canonical_json != asked.points[i].canonical_json) {
            return fmt::format("point {} is another one", i);
        }
    }
    return text;
}

// In what two plans of one origin differ, for people.
std::string difference(const PlanRecord& stored, const PlanRecord& asked) {
    const std::string early = early_difference(stored, asked);
    if (!early.empty()) {
        return early;
    }
    for (std::size_t i = 0; i < asked.points.size(); ++i) {
        if (stored.points[i].id != asked.points[i].id) {
            return fmt::format("point {} is another one", i);
        }
    }
    if (stored.technologies != asked.technologies) {
        return "its technology changed, which changes costs and no trial";
    }
    return "its name, its networks or its units changed";
}

[[noreturn]] void refuse_change(const fs::path& path, const std::string& difference) {
    throw InputError(fmt::format(
        "{}: the sweep is not the one of this directory ({}). Add --extend to go on with the "
        "changed sweep, which keeps what is finished, or give another directory with -o",
        path.string(), difference));
}

void expect_writable(const fs::path& path) {
    if (::access(path.c_str(), W_OK | X_OK) != 0) {
        throw StorageError(fmt::format("{}: not writable ({}). Choose another directory with -o",
                                       path.string(), std::strerror(errno)));
    }
}

// Also when resuming: copies often lose empty folders, and a removed folder is a way to start over.
// A writer that was killed may have left names that are not durable yet; what is found there counts
// as stored from now on.
void make_folders(const fs::path& path) {
    for (const char* folder : {"segments", "networks", "runs"}) {
        create_directories_durably(path / folder);
        expect_writable(path / folder);
        sync_directory(path / folder);
    }
    sync_directory(path);
    if (::access((path / "..").c_str(), R_OK | W_OK) == 0) {
        sync_directory(path / "..");
    }
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, PlanRecord plan)
    : path_(std::move(path)), plan_(std::move(plan)) {}

void RunDirectory::check_place(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        expect_writable(path);
        refuse_foreign(path);
        return;
    }
    // The lowest part of the path that is there: the rest is to be made in it.
    fs::path there = fs::absolute(path).lexically_normal();
    while (there.has_relative_path() && !fs::exists(fs::symlink_status(there, error))) {
        there = there.parent_path();
    }
    if (!fs::is_directory(there, error)) {
        const bool linked = fs::is_symlink(fs::symlink_status(there, error));
        const bool broken = linked && !fs::exists(there, error);
        const std::string text =
            fmt::format("{}: {} is {}, not a directory. Give another directory with -o",
                        path.string(), there.string(), broken ? "a broken link" : "a file");
        if (fs::absolute(path).lexically_normal() == there) {
            throw InputError(text);
        }
        throw StorageError(text);
    }
    if (::access(there.c_str(), W_OK | X_OK) != 0) {
        throw StorageError(
            fmt::format("{}: {} is not writable ({}). Change its rights, or choose another output "
                        "directory with -o",
                        path.string(), there.string(), std::strerror(errno)));
    }
}

void RunDirectory::check_plan(const fs::path& path, const PlanRecord& plan, PlanChange change) {
    std::error_code error;
    if (!fs::exists(path / "plan.json", error)) {
        return;
    }
    const PlanRecord stored = read_plan(path / "plan.json");
    expect_same_origin(path, stored, plan);
    const std::string difference = early_difference(stored, plan);
    if (change == PlanChange::refuse && !difference.empty()) {
        refuse_change(path, difference);
    }
}

RunDirectory RunDirectory::create_or_open(const fs::path& path, const PlanRecord& plan,
                                          PlanChange change) {
    ACIM_EXPECT(plan.block_images > 0);
    check_place(path);
    create_directories_durably(path);
    expect_writable(path);
    make_folders(path);
    RunDirectory directory(path, plan);
    if (fs::exists(directory.plan_path())) {
        directory.replace_plan(read_plan(directory.plan_path()), change);
    } else {
        write_file_atomically(directory.plan_path(), plan_to_json(plan));
    }
    return directory;
}

void RunDirectory::replace_plan(const PlanRecord& stored, PlanChange change) {
    expect_same_origin(path_, stored, plan_);
    plan_.block_images = stored.block_images;
    const std::string before = plan_to_json(stored);
    const std::string after = plan_to_json(plan_);
    if (before == after) {
        return;
    }
    const std::string hash = plan_sha256(stored);
    if (hash == plan_sha256(plan_)) {
        if (stored.baselines && !plan_.baselines) {
            plan_ = stored;
            return;
        }
    } else if (change == PlanChange::refuse) {
        refuse_change(path_, difference(stored, plan_));
    } else {
        create_directories_durably(path_ / "plans");
        write_file_atomically(path_ / "plans" / (hash.substr(0, 16) + ".json"), before);
    }
    write_file_atomically(plan_path(), after);
}

RunDirectory RunDirectory::open(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path / "plan.json", error)) {
        throw InputError(fmt::format(
            "{}: not a run directory (no plan.json). Give the -o directory of acimsweep run",
            path.string()));
    }
    return RunDirectory(path, read_plan(path / "plan.json"));
}

}  // namespace acim
