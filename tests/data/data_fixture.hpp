// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.hpp"
#include "host/data/data_set.hpp"

namespace acim {

// The bytes of numbers, little-endian as on every supported host.
template <class T>
std::string raw_bytes(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline std::string idx_bytes(const std::vector<std::uint32_t>& dims, const std::string& values,
                             int type = 8) {
    std::string out{'\0', '\0', static_cast<char>(type), static_cast<char>(dims.size())};
    for (std::uint32_t d : dims)
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(d >> shift);
    return out + values;
}

// As numpy.save writes it; the header may be replaced by any text.
inline std::string npy_bytes(const std::string& dictionary, const std::string& values,
                             int version = 1) {
    const std::size_t before = version == 1 ? 10 : 12;
    std::string header = dictionary;
    header.append(63 - (before + header.size()) % 64, ' ');
    header += '\n';
    std::string out = "\x93NUMPY";
    out += static_cast<char>(version);
    out += '\0';
    for (std::size_t i = 0; i < before - 8; ++i) out += static_cast<char>(header.size() >> (8 * i));
    return out + header + values;
}

inline std::string npy_dictionary(const std::string& type,
                                  const std::vector<std::uint64_t>& shape) {
    std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (";
    for (std::uint64_t d : shape) text += std::to_string(d) + ", ";
    return text + "), }";
}

// One member of a ZIP archive, and what the archive says of it.
struct ZipEntry {
    std::string name;
    std::string content;
    bool deflated = false;
    bool zip64 = false;                   // sizes in the 64-bit extra field
    std::uint64_t claimed_bytes = ~0ULL;  // instead of the content's size
};

std::string zip_bytes(const std::vector<ZipEntry>& entries);

// A folder of the test's own, and what open_data says of a set in it.
class DataFixture : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(ACIM_BINARY_DIR) / "test_data" /
                  (std::string(info->test_suite_name()) + "." + info->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& bytes) const {
        const std::string path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    static std::string contents(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    static std::vector<float> pixels(const DataSet& data, std::uint32_t first,
                                     std::uint32_t images) {
        std::size_t values = images;
        for (int d : data.image_shape()) values *= static_cast<std::size_t>(d);
        std::vector<float> out(values);
        data.read(first, images, out.data());
        return out;
    }

    template <class Call>
    static std::string error_of(Call call) {
        try {
            call();
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    }
    static std::string open_error(const DataSpec& spec) {
        return error_of([&] { open_data(spec); });
    }

    std::filesystem::path folder_;
};

}  // namespace acim
