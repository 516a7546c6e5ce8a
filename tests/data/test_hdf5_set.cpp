// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "host/hdf5/row_reader.hpp"
#include "tests/data/data_fixture.hpp"
#include "tests/data/hdf5_builder.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Hdf5Set : public DataFixture {
protected:
    void SetUp() override {
        DataFixture::SetUp();
        std::iota(values_.begin(), values_.end(), std::uint8_t{0});
    }
    std::string path() const { return (folder_ / "x.h5").string(); }
    DataSpec spec() const {
        DataSpec out;
        out.format = DataFormat::hdf5;
        out.images = path();
        return out;
    }
    // Images [4, 2, 3] of bytes, to be changed.
    Hdf5Dataset images() const {
        return {"images", H5T_STD_U8LE, H5T_NATIVE_UINT8, {4, 2, 3}, values_.data()};
    }
    Hdf5Dataset labels() const {
        return {"labels", H5T_STD_I64LE, H5T_NATIVE_UINT8, {4}, values_.data()};
    }
    std::string error(const std::vector<Hdf5Dataset>& datasets) const {
        write_hdf5(path(), datasets);
        const std::string text = open_error(spec());
        EXPECT_THAT(text, ::testing::AnyOf(HasSubstr("x.h5"), "no error"));
        return text;
    }

    std::vector<std::uint8_t> values_ = std::vector<std::uint8_t>(256);
};

TEST_F(Hdf5Set, NamesWhatIsMissingOrWrong) {
    EXPECT_EQ(error({images(), labels()}), "no error");
    EXPECT_EQ(error({images()}), "no error");
    EXPECT_THAT(error({labels()}), HasSubstr("has no dataset /images"));
    write("x.h5", "\x89HDF\r\n\x1a\n and no more");
    EXPECT_THAT(open_error(spec()), HasSubstr("not a readable HDF5 file"));
    std::filesystem::remove(path());
    EXPECT_THAT(open_error(spec()), HasSubstr("no such file"));
}

TEST_F(Hdf5Set, ImagesHaveKnownAxesAndTypes) {
    Hdf5Dataset set = images();
    set.dims = {4};
    EXPECT_THAT(error({set}), HasSubstr("1 dimensions where images have 3 or 4"));
    set.dims = {2, 2, 2, 2, 2};
    EXPECT_THAT(error({set}), HasSubstr("5 dimensions"));
    set.dims = {2, 2, 2, 2};
    EXPECT_THAT(error({set}), HasSubstr("Give data.layout"));
    set.layout = "CHWN";
    EXPECT_THAT(error({set}), HasSubstr("none of NCHW"));
    set.layout = "NHW";
    EXPECT_THAT(error({set}), HasSubstr("layout NHW has 3 axes"));
    set = images();
    set.type = H5T_C_S1;
    set.values = nullptr;
    EXPECT_THAT(error({set}), HasSubstr("kind that is not read"));
}

TEST_F(Hdf5Set, LabelsAndClassesBelongToTheImages) {
    Hdf5Dataset other = labels();
    other.dims = {3};
    EXPECT_THAT(error({images(), other}), HasSubstr("3 labels for the 4 images"));
    other.dims = {2, 2};
    EXPECT_THAT(error({images(), other}), HasSubstr("2 labels for the 4 images"));
    other.dims = {1, 2, 2};
    EXPECT_THAT(error({images(), other}), HasSubstr("3 dimensions where labels have 1"));
    other = labels();
    other.type = H5T_IEEE_F32LE;
    EXPECT_THAT(error({images(), other}), HasSubstr("floating-point"));
    other = labels();
    other.name = "classes";
    other.dims = {3};
    EXPECT_THAT(error({images(), labels(), other}),
                HasSubstr("label 3 of image 3 is out of range: the data have 3 classes"));
    other.dims = {5};
    EXPECT_EQ(error({images(), labels(), other}), "no error");
    EXPECT_THAT(error_of([&] { check_labels(*open_data(spec()), 10); }),
                HasSubstr("5 classes, but the network has 10"));
}

TEST_F(Hdf5Set, WhatWasNeverWrittenIsNoImage) {
    Hdf5Dataset set = images();
    set.values = nullptr;
    EXPECT_THAT(error({set}), HasSubstr("not all of its values were written"));
    set.dims = {1ULL << 40, 1024, 1024};
    set.chunk = {1, 1024, 1024};
    EXPECT_THAT(error({set}), HasSubstr("not all of its values were written"));
    set = images();
    Hdf5Dataset absent = labels();
    absent.values = nullptr;
    EXPECT_THAT(error({set, absent}), HasSubstr("not all of its values were written"));
}

TEST_F(Hdf5Set, ChunksAreBounded) {
    const std::vector<std::uint8_t> zeros(std::size_t{65} << 20);
    Hdf5Dataset set = images();
    set.dims = {65, 1024, 1024};
    set.values = zeros.data();
    set.deflate = 1;
    set.chunk = {65, 1024, 1024};
    EXPECT_THAT(error({set}), HasSubstr("chunks of 68157440 bytes"));
    set.chunk = {64, 1024, 1024};
    EXPECT_EQ(error({set}), "no error");
}

TEST_F(Hdf5Set, ValuesInOtherFilesAreNotFollowed) {
    const hid_t file = H5Fcreate(path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "/etc/hostname", 0, 24);
    const hsize_t dims[] = {4, 2, 3};
    const hid_t space = H5Screate_simple(3, dims, nullptr);
    const hid_t dataset =
        H5Dcreate2(file, "images", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(creation);
    H5Fclose(file);
    EXPECT_THAT(open_error(spec()), HasSubstr("in other files"));
}

TEST_F(Hdf5Set, ADamagedChunkIsFoundWhenTheFileIsOpened) {
    std::vector<std::uint8_t> noise(4096);
    for (std::size_t i = 0; i < noise.size(); ++i)
        noise[i] = static_cast<std::uint8_t>(i * i * 31 >> 5);
    Hdf5Dataset set = images();
    set.dims = {4, 32, 32};
    set.values = noise.data();
    set.chunk = {1, 32, 32};
    set.deflate = 9;
    EXPECT_EQ(error({set}), "no error");
    std::string bytes = contents(path());
    const std::size_t chunk = bytes.find("\x78\xda");  // the beginning of a zlib stream
    ASSERT_NE(chunk, std::string::npos);
    for (std::size_t i = 10; i < 40; ++i) bytes[chunk + i] ^= 0x55;
    write("x.h5", bytes);
    EXPECT_THAT(open_error(spec()), AllOf(HasSubstr("x.h5"), HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace acim
