// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/sweep/load.hpp"
#include "host/sweep/point.hpp"

namespace acim {

// A sweep file with the required keys only: 4 lines, so that added text starts at line 5.
inline const std::string minimal_sweep =
    "seed: 1\n"
    "workload:\n"
    "  {network: net.onnx, data: {images: d/x.gz, labels: /abs/y.gz, scale: 0.5},\n"
    "   calibration: {images: train.gz}}\n";

// A folder of its own for each test, removed at the end.
class SweepTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  ("acim_sweep_" + std::to_string(::getpid()) + "_" + info->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path write(const std::string& text) const {
        const auto path = folder_ / "s.yaml";
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    SweepSpec sweep(const std::string& added,
                    const std::vector<std::string>& overrides = {}) const {
        return load_sweep(write(minimal_sweep + added), overrides);
    }
    std::vector<PointConfig> points(const std::string& added) const { return expand(sweep(added)); }
    MacFile mac(const std::string& text) const { return load_macro_file(write(text)); }

    // The message of an InputError without the folder; "" where none is thrown.
    template <class F>
    std::string message(F&& run) const {
        try {
            run();
        } catch (const InputError& error) {
            std::string text = error.what();
            const std::string prefix = folder_.string() + "/";
            for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
                text.erase(at, prefix.size());
            }
            return text;
        }
        return {};
    }
    std::string sweep_error(const std::string& added,
                            const std::vector<std::string>& overrides = {}) const {
        return message([&] { expand(sweep(added, overrides)); });
    }
    std::string mac_error(const std::string& text) const {
        return message([&] { mac(text); });
    }

    std::filesystem::path folder_;
};

}  // namespace acim
