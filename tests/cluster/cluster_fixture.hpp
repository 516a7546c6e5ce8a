// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "host/cluster/array_job.hpp"
#include "host/core/error.hpp"

namespace acim::test {

// A directory of its own for every test, removed at the end.
class Folder {
public:
    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "acim-cluster-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

// Expects that the call throws InputError whose message holds the text.
template <class Call>
void expect_refusal(Call call, const std::string& text) {
    try {
        call();
        ADD_FAILURE() << "nothing was refused; expected: " << text;
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
}

inline ArrayJob example_job() {
    ArrayJob job;
    job.name = "acim-example";
    job.directory = "/data/run";
    job.command = {"/opt/acimsweep", "run", "/data/s.yaml", "-o", "/data/run"};
    job.merge = {"/opt/acimsweep", "merge", "/data/run"};
    job.shards = 8;
    job.tasks = {0, 1, 2, 5};
    return job;
}

}  // namespace acim::test
