// SPDX-License-Identifier: Apache-2.0
#include "host/store/run_directory.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

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
        for (const char* own : {"plan.json", "segments", "networks", "runs", "log.txt"}) {
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

void expect_writable(const fs::path& path) {
    if (::access(path.c_str(), W_OK | X_OK) != 0) {
        throw StorageError(fmt::format("{}: not writable ({}). Choose another directory with -o",
                                       path.string(), std::strerror(errno)));
    }
}

// Also when resuming: copies often lose empty folders, and a removed folder is a way to start over.
void make_folders(const fs::path& path) {
    for (const char* folder : {"segments", "networks", "runs"}) {
        create_directories_durably(path / folder);
        expect_writable(path / folder);
    }
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, PlanRecord plan)
    : path_(std::move(path)), plan_(std::move(plan)) {}

RunDirectory RunDirectory::create_or_open(const fs::path& path, const PlanRecord& plan) {
    ACIM_EXPECT(plan.block_images > 0);
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_directory(path, error)) {
        throw InputError(
            fmt::format("{}: not a directory. Give a directory with -o", path.string()));
    }
    create_directories_durably(path);
    expect_writable(path);
    refuse_foreign(path);
    RunDirectory directory(path, plan);
    const bool resumes = fs::exists(directory.plan_path());
    if (resumes) {
        const PlanRecord stored = read_plan(directory.plan_path());
        expect_same(path, "seed", stored.seed, plan.seed);
        expect_same(path, "model_version", stored.model_version, plan.model_version);
        expect_same(path, "data", stored.data_hash, plan.data_hash);
        directory.plan_.block_images = stored.block_images;
        if (plan_to_json(stored) == plan_to_json(directory.plan_)) {
            make_folders(path);
            return directory;
        }
    }
    make_folders(path);
    write_file_atomically(directory.plan_path(), plan_to_json(directory.plan_));
    return directory;
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
