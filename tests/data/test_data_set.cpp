// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "host/core/sha256.hpp"
#include "host/data/idx_file.hpp"
#include "tests/data/data_fixture.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Values 0, 37, 74, ... modulo 256.
std::string counted(const std::vector<std::uint32_t>& dims, std::size_t values, int type = 8) {
    std::string bytes;
    for (std::size_t i = 0; i < values; ++i) bytes += static_cast<char>(i * 37);
    return idx_bytes(dims, bytes, type);
}

class DataSetTest : public DataFixture {
protected:
    std::string compressed(const std::string& name, const std::string& bytes) const {
        const std::string path = (folder_ / name).string();
        gzFile file = gzopen(path.c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return path;
    }

    DataSpec small_spec() const {
        DataSpec spec;
        spec.images = write("images", counted({4, 2, 3}, 24));
        spec.labels = write("labels", counted({4}, 4));
        return spec;
    }

    static std::string idx_error(const std::string& path) {
        return error_of([&] { open_idx_file(path); });
    }
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
    spec.images = write("images", counted({2, 2, 1, 2}, 8));
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
    const std::string bytes = counted({4, 2, 3}, 24);
    const auto a = open_idx_file(write("plain.gz", bytes));
    const auto b = open_idx_file(compressed("compressed", bytes));
    EXPECT_EQ(a->dims(), b->dims());
    std::vector<std::byte> space, other;
    EXPECT_THAT(a->read(0, 4, space), ::testing::ElementsAreArray(b->read(0, 4, other)));
    EXPECT_EQ(b->read(0, 1, other)[1], std::byte{37});
    EXPECT_THAT(space, ::testing::SizeIs(24));
    EXPECT_THAT(other, ::testing::IsEmpty()) << "compressed values stay in memory";
}

// Stored points are named by this hash: it may never change.
TEST_F(DataSetTest, ContentHashOfBytesIsFixed) {
    DataSpec spec = small_spec();
    spec.mean = {0.5F};
    std::string content = "acimsweep data 1\n";
    content += raw_bytes<std::int32_t>({1, 2, 3}) + raw_bytes<std::uint64_t>({24});
    content += counted({}, 24).substr(4) + raw_bytes<std::uint64_t>({4}) + counted({}, 4).substr(4);
    for (int p = 0; p < 256; ++p) content += raw_bytes<float>({static_cast<float>(p) - 0.5F});
    EXPECT_EQ(open_data(spec)->content_hash(), sha256_hex(content));
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
    other.labels = write("labels2", labels);
    EXPECT_NE(open_data(other)->content_hash(), hash);
    other = spec;
    other.images = write("images2", counted({4, 3, 2}, 24));
    EXPECT_NE(open_data(other)->content_hash(), hash);
}

TEST_F(DataSetTest, NamesWhatIsWrongWithAFile) {
    const std::string missing = (folder_ / "missing").string();
    EXPECT_THAT(idx_error(missing), AllOf(HasSubstr(missing), HasSubstr("No such file")));
    EXPECT_THAT(idx_error(folder_.string()), HasSubstr("is a directory"));
    EXPECT_THAT(idx_error(write("empty", "")), HasSubstr("is not an IDX file"));
    EXPECT_THAT(idx_error(write("png", "\x89PNG\r\n\x1a\n")),
                HasSubstr("is not an IDX file (first bytes 89 50 4e 47"));
    EXPECT_THAT(idx_error(write("float", counted({1}, 4, 0x0D))), HasSubstr("type 0x0d"));
    EXPECT_THAT(idx_error(write("rank0", std::string("\0\0\x08\0", 4))), HasSubstr("0 dimensions"));
    EXPECT_THAT(idx_error(write("rank5", counted({1, 1, 1, 1, 1}, 1))), HasSubstr("5 dimensions"));
    EXPECT_THAT(idx_error(write("header", counted({4, 2}, 0).substr(0, 10))),
                HasSubstr("ends inside its header"));
    EXPECT_THAT(idx_error(write("zero", counted({0, 2, 3}, 0))), HasSubstr("dimension 0 is 0"));
    EXPECT_THAT(idx_error(write("short", counted({4, 2, 3}, 23))),
                HasSubstr("is truncated (23 bytes of values, the header promises 24)"));
    EXPECT_THAT(idx_error(write("long", counted({4, 2, 3}, 25))), HasSubstr("data follow"));
    EXPECT_THAT(idx_error(compressed("long.gz", counted({4, 2, 3}, 25))), HasSubstr("data follow"));
}

TEST_F(DataSetTest, RefusesDamagedCompression) {
    const std::string whole = contents(compressed("whole.gz", counted({9, 20, 30}, 5400)));
    EXPECT_THAT(idx_error(write("cut.gz", whole.substr(0, whole.size() / 2))),
                HasSubstr("compressed data end too early"));
    EXPECT_THAT(idx_error(write("no_crc.gz", whole.substr(0, whole.size() - 4))),
                HasSubstr("compressed data end too early"));
    std::string flipped = whole;
    flipped[flipped.size() - 6] ^= 1;  // in the CRC
    EXPECT_THAT(idx_error(write("flipped.gz", flipped)), HasSubstr("cannot be read"));
}

TEST_F(DataSetTest, DoesNotBelieveHugeHeaders) {
    constexpr std::uint32_t most = 0xffffffffU;
    EXPECT_THAT(idx_error(write("huge", counted({most, most, most, most}, 3))),
                HasSubstr("promises more than"));
    // 4 GiB promised, 3 bytes there: memory follows the file.
    EXPECT_THAT(idx_error(write("promise", counted({most}, 3))), HasSubstr("is truncated (3"));
    // 64 MiB of zeros in a small file that promises 6 bytes.
    const std::string bomb = counted({1, 2, 3}, 6) + std::string(std::size_t{64} << 20, '\0');
    EXPECT_THAT(idx_error(compressed("bomb.gz", bomb)), HasSubstr("data follow the 6 bytes"));
}

TEST_F(DataSetTest, ChecksThatImagesAndLabelsBelongTogether) {
    DataSpec spec = small_spec();
    spec.labels = write("three", counted({3}, 3));
    EXPECT_THAT(error_of([&] { open_data(spec); }),
                AllOf(HasSubstr("three: 3 labels for the 4 images"), HasSubstr(spec.images)));
    std::swap(spec.images, spec.labels);
    EXPECT_THAT(error_of([&] { open_data(spec); }), HasSubstr("Is this the labels file?"));
    spec.labels = spec.images = write("images", counted({4, 2, 3}, 24));
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
