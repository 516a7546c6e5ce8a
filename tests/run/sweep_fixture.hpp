// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/run/sweep_plan.hpp"

namespace acim {

inline void write_idx(const std::filesystem::path& path, const std::vector<std::uint32_t>& dims,
                      const std::vector<std::uint8_t>& values) {
    std::ofstream out(path, std::ios::binary);
    const char head[] = {0, 0, 8, static_cast<char>(dims.size())};
    out.write(head, 4);
    for (const std::uint32_t d : dims)
        for (int shift = 24; shift >= 0; shift -= 8) out.put(static_cast<char>(d >> shift));
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size()));
}

// A sweep over the fixture conv_strided.onnx (images of 3 x 12 x 11, one MAC layer) and 12 random
// images, in a folder of the test's own.
class SweepPlanTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  ("acim_plan_" + std::to_string(::getpid()) + "_" + info->name());
        std::filesystem::create_directories(folder_);
        std::mt19937 draw(5);
        std::vector<std::uint8_t> pixels(12 * 3 * 12 * 11), labels(12);
        for (auto& p : pixels) p = static_cast<std::uint8_t>(draw() % 256u);
        for (auto& l : labels) l = static_cast<std::uint8_t>(draw() % 2u);
        write_idx(folder_ / "images", {12, 3, 12, 11}, pixels);
        write_idx(folder_ / "labels", {12}, labels);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    SweepPlan plan(const std::vector<std::string>& overrides = {}, bool in_directory = false,
                   int threads = 1) {
        std::ofstream(folder_ / "s.yaml")
            << "seed: 7\nworkload:\n  network: " ACIM_SOURCE_DIR
               "/tests/fixtures/onnx/conv_strided.onnx\n"
               "  data: {images: images, labels: labels, scale: 0.01}\n"
               "quantisation: {images: 0}\nmacro: {rows: 63}\n"
               "grid: {macro.adc.bits: [5, 6], macro.noise.random.sigma: [0, 0.5, 1]}\n"
               "trials: {chips: 2, repeats: 3}\n";
        PlanOptions options{overrides, {}, threads};
        if (in_directory) options.run_directory = folder_ / run_name_;
        return make_sweep_plan(folder_ / "s.yaml", options);
    }

    std::vector<std::string> ids(const std::vector<std::string>& overrides = {}) {
        std::vector<std::string> out;
        for (const PlanPoint& point : plan(overrides).record.points) out.push_back(point.id);
        return out;
    }

    std::string error(const std::vector<std::string>& overrides) {
        try {
            plan(overrides);
        } catch (const InputError& e) {
            return e.what();
        }
        return "no error";
    }

    std::filesystem::path folder_;
    std::string run_name_ = "run";
};

}  // namespace acim
