// SPDX-License-Identifier: Apache-2.0
// Sets that stay on disk: several threads, and files that change under the reader.
#include <atomic>
#include <random>
#include <thread>

#include "tests/data/data_fixture.hpp"
#include "tests/data/hdf5_builder.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint32_t images = 300;
constexpr std::size_t side = 20, elements = side * side;

class Streaming : public DataFixture, public ::testing::WithParamInterface<DataFormat> {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(ACIM_BINARY_DIR) / "test_data" /
                  ("streaming" + std::to_string(static_cast<int>(GetParam())) +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()[0]);
        std::filesystem::create_directories(folder_);
        std::mt19937 random(7);
        for (std::size_t i = 0; i < images * elements; ++i)
            values_.push_back(static_cast<std::uint8_t>(random() % 7));
        spec_.format = GetParam();
        spec_.images = (folder_ / "set").string();
        put();
    }

    void put() const {
        const auto npy = [&] {
            return npy_bytes(npy_dictionary("|u1", {images, side, side}), raw_bytes(values_));
        };
        switch (GetParam()) {
            case DataFormat::idx:
                write("set", idx_bytes({images, side, side}, raw_bytes(values_)));
                break;
            case DataFormat::npy:
                write("set", npy());
                break;
            case DataFormat::npz:
                write("set", zip_bytes({{"images.npy", npy()}}));
                break;
            default:
                write_hdf5(spec_.images, {{"images",
                                           H5T_STD_U8LE,
                                           H5T_NATIVE_UINT8,
                                           {images, side, side},
                                           values_.data(),
                                           {3, side, side},
                                           6}});
        }
    }
    std::string storage_error(const DataSet& data) const {
        try {
            pixels(data, 0, images);
        } catch (const StorageError& error) {
            return error.what();
        }
        return "no error";
    }

    std::vector<std::uint8_t> values_;
    DataSpec spec_;
};

TEST_P(Streaming, ThreadsReadRangesInAnyOrder) {
    const auto data = open_data(spec_);
    std::atomic<int> wrong{0};
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (int i = 0; i < 200; ++i) {
            const auto first = static_cast<std::uint32_t>(random() % images);
            const auto most = std::min<std::uint32_t>(9, images - first);
            const auto n = static_cast<std::uint32_t>(1 + random() % most);
            const auto out = pixels(*data, first, n);
            for (std::size_t k = 0; k < out.size(); ++k)
                wrong += out[k] != static_cast<float>(values_[first * elements + k]);
        }
    };
    {
        std::vector<std::jthread> pool;
        for (unsigned t = 0; t < 6; ++t) pool.emplace_back(work, t);
    }
    EXPECT_EQ(wrong, 0);
}

TEST_P(Streaming, AShorterFileIsAnErrorAndNoSignal) {
    const auto data = open_data(spec_);
    std::filesystem::resize_file(spec_.images, 2000);
    EXPECT_THAT(storage_error(*data), AllOf(HasSubstr("set"), HasSubstr("has changed")));
}

TEST_P(Streaming, AnotherContentIsAnError) {
    const auto data = open_data(spec_);
    EXPECT_EQ(storage_error(*data), "no error");
    {
        std::fstream file(spec_.images, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1000, std::ios::end);
        file.put('\x55');
    }
    std::filesystem::last_write_time(
        spec_.images, std::filesystem::last_write_time(spec_.images) + std::chrono::seconds(1));
    EXPECT_THAT(storage_error(*data), HasSubstr("has changed"));
}

// Editors and `mv` put a new file in place of the old one, which stays open.
TEST_P(Streaming, AReplacedFileIsReadOn) {
    const auto data = open_data(spec_);
    const auto before = pixels(*data, 0, images);
    std::filesystem::remove(spec_.images);
    write("set", "something else");
    EXPECT_EQ(pixels(*data, 0, images), before);
}

INSTANTIATE_TEST_SUITE_P(Formats, Streaming,
                         ::testing::Values(DataFormat::idx, DataFormat::npy, DataFormat::npz,
                                           DataFormat::hdf5));

}  // namespace
}  // namespace acim
