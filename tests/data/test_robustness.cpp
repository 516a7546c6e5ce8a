// SPDX-License-Identifier: Apache-2.0
// Damaged files of every format: each is read, or is one InputError; nothing crashes (the sanitizers
// of the preset `dev` look on) and nothing takes memory that the file does not justify.
#include <random>

#include "tests/data/data_fixture.hpp"
#include "tests/data/hdf5_builder.hpp"

namespace acim {
namespace {

constexpr int rounds = 150;

class Robustness : public DataFixture {
protected:
    // Opens damaged copies; at least one must be refused and none may fail in another way.
    void damage(DataSpec spec, const std::string& whole, std::size_t most_at) {
        std::mt19937 random(1000 + static_cast<unsigned>(spec.format));
        int refused = 0;
        for (int round = 0; round < rounds; ++round) {
            std::string bytes = whole;
            const int kind = static_cast<int>(random() % 4);
            const std::size_t at = random() % std::min(most_at, bytes.size());
            if (kind == 0) {
                bytes.resize(random() % bytes.size());
            } else if (kind == 1) {
                bytes[at] = static_cast<char>(random());
            } else if (kind == 2) {
                for (int i = 0; i < 4; ++i)
                    bytes[random() % std::min(most_at, bytes.size())] ^=
                        static_cast<char>(1 << (random() % 8));
            } else {
                const char extremes[] = {'\0', '\x7f', '\x80', '\xff'};
                const char fill = extremes[random() % 4];
                for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i) bytes[i] = fill;
            }
            spec.images = write("victim", bytes);
            try {
                const auto data = open_data(spec);
                pixels(*data, 0, 1);
            } catch (const InputError& error) {
                ++refused;
                EXPECT_THAT(error.what(), ::testing::HasSubstr("victim")) << round;
                EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
            }
        }
        EXPECT_GT(refused, rounds / 8);
    }

    static std::string values(std::size_t count) {
        std::mt19937 random(3);
        std::string out;
        for (std::size_t i = 0; i < count; ++i) out += static_cast<char>(random() % 10);
        return out;
    }
};

TEST_F(Robustness, Idx) {
    DataSpec spec;
    damage(spec, idx_bytes({20, 4, 4}, values(320)), 16);
}

TEST_F(Robustness, Cifar) {
    DataSpec spec;
    spec.format = DataFormat::cifar10;
    damage(spec, values(std::size_t{2} * 3073), 1U << 20);
}

TEST_F(Robustness, Npy) {
    DataSpec spec;
    spec.format = DataFormat::npy;
    damage(spec, npy_bytes(npy_dictionary("<i2", {20, 4, 4}), values(640)), 128);
}

TEST_F(Robustness, Npz) {
    DataSpec spec;
    spec.format = DataFormat::npz;
    const std::string images = npy_bytes(npy_dictionary("|u1", {20, 4, 4}), values(320));
    const std::string labels = npy_bytes(npy_dictionary("|u1", {20}), values(20));
    damage(spec, zip_bytes({{"images.npy", images, true, true}, {"labels.npy", labels}}), 1U << 20);
}

TEST_F(Robustness, Hdf5) {
    DataSpec spec;
    spec.format = DataFormat::hdf5;
    const std::string pixel = values(320);
    const std::string path = (folder_ / "whole").string();
    write_hdf5(
        path,
        {{"images", H5T_STD_U8LE, H5T_NATIVE_UINT8, {20, 4, 4}, pixel.data(), {2, 4, 4}, 6, "NHW"},
         {"labels", H5T_STD_U8LE, H5T_NATIVE_UINT8, {20}, pixel.data()}});
    damage(spec, contents(path), 1U << 20);
}

}  // namespace
}  // namespace acim
