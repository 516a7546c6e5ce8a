// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "host/core/error.hpp"
#include "host/data/data_set.hpp"
#include "host/data/idx_file.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string idx_bytes(const std::vector<std::uint32_t>& dims, std::size_t values, int type = 8) {
    std::string out{'\0', '\0', static_cast<char>(type), static_cast<char>(dims.size())};
    for (std::uint32_t d : dims)
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(d >> shift);
    for (std::size_t i = 0; i < values; ++i) out += static_cast<char>(i * 37);
    return out;
}

class DataSetTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(ACIM_BINARY_DIR) / "test_data" / info->name();
        std::filesystem::create_directories(folder_);
    }

    std::string plain(const std::string& name, const std::string& bytes) const {
        const std::string path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    std::string compressed(const std::string& name, const std::string& bytes) const {
        const std::string path = (folder_ / name).string();
        gzFile file = gzopen(path.c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return path;
    }

    static std::string contents(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    DataSpec small_spec() const {
        DataSpec spec;
        spec.images = plain("images", idx_bytes({4, 2, 3}, 24));
        spec.labels = plain("labels", idx_bytes({4}, 4));
        return spec;
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
    static std::string idx_error(const std::string& path) {
        return error_of([&] { read_idx(path); });
    }

    std::filesystem::path folder_;
};

TEST_F(DataSetTest, ReadsGreyImagesAndLabels) {
    const auto data = open_data(small_spec());
    EXPECT_EQ(data->count(), 4U);
    EXPECT_THAT(data->image_shape(), ElementsAre(1, 2, 3));
    EXPECT_EQ(data->label(0), 0);
    EXPECT_EQ(data->label(2), 74);
    std::vector<float> image(12);
    data->read(1, 2, image.data());
    for (std::size_t i = 0; i < 12; ++i)
        EXPECT_EQ(image[i], static_cast<float>((i + 6) * 37 % 256));
}

TEST_F(DataSetTest, PreprocessesInSingleIeeeOperationsPerChannel) {
    DataSpec spec;
    spec.images = plain("images", idx_bytes({2, 2, 1, 2}, 8));
    spec.scale = 1.0F / 255.0F;
    spec.mean = {0.4914F, 0.4465F};
    spec.std = {0.247F, 0.2616F};
    const auto data = open_data(spec);
    EXPECT_THAT(data->image_shape(), ElementsAre(2, 1, 2));
    EXPECT_EQ(data->label(1), -1);
    std::vector<float> image(4);
    data->read(1, 1, image.data());
    for (std::size_t i = 0; i < 4; ++i) {
        const volatile float scaled = static_cast<float>((i + 4) * 37 % 256) * spec.scale;
        const volatile float shifted = scaled - spec.mean[i / 2];
        EXPECT_EQ(image[i], shifted / spec.std[i / 2]);
    }
}

TEST_F(DataSetTest, TellsCompressionByMagicNotByName) {
    const std::string bytes = idx_bytes({4, 2, 3}, 24);
    const IdxFile a = read_idx(plain("plain.gz", bytes));
    const IdxFile b = read_idx(compressed("compressed", bytes));
    EXPECT_EQ(a.dims, b.dims);
    EXPECT_EQ(a.values, b.values);
    EXPECT_EQ(b.values[1], 37);
}

TEST_F(DataSetTest, ContentHashSeesContentAndPreprocessingOnly) {
    DataSpec spec = small_spec();
    const std::string hash = open_data(spec)->content_hash();
    EXPECT_EQ(hash.size(), 64U);
    DataSpec other = spec;
    other.images = compressed("other.gz", contents(spec.images));
    EXPECT_EQ(open_data(other)->content_hash(), hash);
    other.scale = 0.5F;
    EXPECT_NE(open_data(other)->content_hash(), hash);
    other = spec;
    other.mean = {0.5F};
    EXPECT_NE(open_data(other)->content_hash(), hash);
    other = spec;
    std::string labels = contents(spec.labels);
    labels.back() ^= 1;
    other.labels = plain("labels2", labels);
    EXPECT_NE(open_data(other)->content_hash(), hash);
    other = spec;
    other.images = plain("images2", idx_bytes({4, 3, 2}, 24));
    EXPECT_NE(open_data(other)->content_hash(), hash);
}

TEST_F(DataSetTest, NamesWhatIsWrongWithAFile) {
    const std::string missing = (folder_ / "missing").string();
    EXPECT_THAT(idx_error(missing), AllOf(HasSubstr(missing), HasSubstr("No such file")));
    EXPECT_THAT(idx_error(folder_.string()), HasSubstr("is a directory"));
    EXPECT_THAT(idx_error(plain("empty", "")), HasSubstr("is not an IDX file"));
    EXPECT_THAT(idx_error(plain("png", "\x89PNG\r\n\x1a\n")),
                HasSubstr("is not an IDX file (first bytes 89 50 4e 47"));
    EXPECT_THAT(idx_error(plain("float", idx_bytes({1}, 4, 0x0D))), HasSubstr("type 0x0d"));
    EXPECT_THAT(idx_error(plain("rank0", std::string("\0\0\x08\0", 4))), HasSubstr("0 dimensions"));
    EXPECT_THAT(idx_error(plain("rank5", idx_bytes({1, 1, 1, 1, 1}, 1))),
                HasSubstr("5 dimensions"));
    EXPECT_THAT(idx_error(plain("header", idx_bytes({4, 2}, 0).substr(0, 10))),
                HasSubstr("ends inside its header"));
    EXPECT_THAT(idx_error(plain("zero", idx_bytes({0, 2, 3}, 0))), HasSubstr("dimension 0 is 0"));
    EXPECT_THAT(idx_error(plain("short", idx_bytes({4, 2, 3}, 23))),
                HasSubstr("is truncated (23 bytes of values, the header promises 24)"));
    EXPECT_THAT(idx_error(plain("long", idx_bytes({4, 2, 3}, 25))), HasSubstr("data follow"));
    EXPECT_THAT(idx_error(compressed("long.gz", idx_bytes({4, 2, 3}, 25))),
                HasSubstr("data follow"));
}

TEST_F(DataSetTest, RefusesDamagedCompression) {
    const std::string whole = contents(compressed("whole.gz", idx_bytes({9, 20, 30}, 5400)));
    EXPECT_THAT(idx_error(plain("cut.gz", whole.substr(0, whole.size() / 2))),
                HasSubstr("compressed data end too early"));
    EXPECT_THAT(idx_error(plain("no_crc.gz", whole.substr(0, whole.size() - 4))),
                HasSubstr("compressed data end too early"));
    std::string flipped = whole;
    flipped[flipped.size() - 6] ^= 1;  // in the CRC
    EXPECT_THAT(idx_error(plain("flipped.gz", flipped)), HasSubstr("cannot be read"));
}

TEST_F(DataSetTest, DoesNotBelieveHugeHeaders) {
    constexpr std::uint32_t most = 0xffffffffU;
    EXPECT_THAT(idx_error(plain("huge", idx_bytes({most, most, most, most}, 3))),
                HasSubstr("promises more than"));
    // 4 GiB promised, 3 bytes there: memory follows the file.
    EXPECT_THAT(idx_error(plain("promise", idx_bytes({most}, 3))), HasSubstr("is truncated (3"));
    // 64 MiB of zeros in a small file that promises 6 bytes.
    const std::string bomb = idx_bytes({1, 2, 3}, 6) + std::string(std::size_t{64} << 20, '\0');
    EXPECT_THAT(idx_error(compressed("bomb.gz", bomb)), HasSubstr("data follow the 6 bytes"));
}

TEST_F(DataSetTest, ChecksThatImagesAndLabelsBelongTogether) {
    DataSpec spec = small_spec();
    spec.labels = plain("three", idx_bytes({3}, 3));
    EXPECT_THAT(error_of([&] { open_data(spec); }),
                AllOf(HasSubstr("three: 3 labels for the 4 images"), HasSubstr(spec.images)));
    std::swap(spec.images, spec.labels);
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("Is this the labels file?"));
    spec.labels = spec.images = plain("images", idx_bytes({4, 2, 3}, 24));
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("Is this the images file?"));
}

TEST_F(DataSetTest, ChecksPreprocessing) {
    const DataSpec good = small_spec();
    DataSpec spec = good;
    spec.scale = 0.0F;
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("data.scale"));
    spec = good;
    spec.mean = {0.1F, 0.2F};
    EXPECT_THAT(error_of([&] { open_data(spec); }),
                HasSubstr("data.mean: 2 values for images of 1 channels"));
    spec = good;
    spec.std = {0.0F};
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("data.std"));
    spec.std = {std::numeric_limits<float>::quiet_NaN()};
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("data.std"));
}

TEST_F(DataSetTest, NamesTheFirstLabelOutOfRange) {
    DataSpec spec = small_spec();
    const auto data = open_data(spec);  // labels 0, 37, 74, 111
    EXPECT_NO_THROW(check_labels(*data, 112));
    EXPECT_THAT(error_of([&] { check_labels(*data, 74); }),
                HasSubstr("label 74 of image 2 is out of range (the network has 74 classes"));
    spec.labels.clear();
    EXPECT_THAT(error_of([&] { check_labels(*open_data(spec), 10); }),
                HasSubstr("data.labels: missing"));
}

TEST(FashionMnist, IsReadWhereDebianPutsIt) {
    const std::string folder = "/usr/share/datasets/fashion-mnist/";
    DataSpec spec;
    spec.images = folder + "t10k-images-idx3-ubyte.gz";
    spec.labels = folder + "t10k-labels-idx1-ubyte.gz";
    if (!std::filesystem::exists(spec.images))
        GTEST_SKIP() << "Debian's package dataset-fashion-mnist is not installed";
    const auto data = open_data(spec);
    ASSERT_EQ(data->count(), 10000U);
    EXPECT_THAT(data->image_shape(), ElementsAre(1, 28, 28));
    check_labels(*data, 10);
    std::vector<int> per_class(10, 0);
    for (std::uint32_t i = 0; i < data->count(); ++i) ++per_class[data->label(i)];
    EXPECT_THAT(per_class, ::testing::Each(1000));
    // The first test image is an ankle boot (class 9) on a dark border.
    std::vector<float> image(784);
    data->read(0, 1, image.data());
    EXPECT_EQ(data->label(0), 9);
    EXPECT_EQ(image[0], 0.0F);
}

}  // namespace
}  // namespace acim
