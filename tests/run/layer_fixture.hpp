// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/run/single_layer.hpp"

namespace acim {

// An integer tensor in C order.
struct TestTensor {
    hdf5::Dims dims;
    std::vector<std::int32_t> values;
};

// Files of operands in a folder of the test's own, removed at the end.
class LayerTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  ("acim_layer_" + std::to_string(::getpid()) + "_" + info->name());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    TestTensor random_tensor(const hdf5::Dims& dims, int low, int high) {
        std::size_t n = 1;
        for (const auto d : dims) n *= d;
        TestTensor out{dims, std::vector<std::int32_t>(n)};
        std::uniform_int_distribution<int> draw(low, high);
        for (auto& v : out.values) v = draw(engine_);
        return out;
    }
    int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }

    std::filesystem::path write(
        const std::map<std::string, TestTensor>& tensors,
        const std::map<std::string, std::vector<std::int64_t>>& attributes = {}) {
        hdf5::ImageWriter out;
        for (const auto& [name, t] : tensors) out.write(name, t.values, t.dims);
        for (const auto& [name, v] : attributes) out.attribute("/", name, v);
        const auto path = folder_ / "in.h5";
        write_file_atomically(path, out.image());
        return path;
    }

    // 15 rows and 8 bits are lossless: 255 is a multiple of 15.
    static MacFile lossless_macro(int weight_bits, int activation_bits) {
        MacFile macro;
        macro.file = "m.yaml";
        macro.settings.weight_bits = weight_bits;
        macro.settings.activation_bits = activation_bits;
        macro.settings.macro.rows = 15;
        macro.settings.macro.adc.bits = 8;
        return macro;
    }

    // The message of an InputError without the folder; "" where none is thrown.
    template <class F>
    std::string message(F&& run) const {
        try {
            run();
        } catch (const InputError& error) {
            std::string text = error.what();
            const std::string prefix = folder_.string() + "/";
            for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
                text.erase(at, prefix.size());
            return text;
        }
        return {};
    }

    std::filesystem::path folder_;
    std::mt19937 engine_{20250521};
};

}  // namespace acim
