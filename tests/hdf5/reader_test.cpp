// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/reader.hpp"
#include "tests/hdf5/message_of.hpp"

namespace acim::hdf5 {
namespace {

using ::testing::HasSubstr;

Reader reader_of(const std::function<void(ImageWriter&)>& fill, std::uint64_t cap = 1 << 20) {
    ImageWriter out;
    fill(out);
    return Reader::from_bytes(out.image(), "in.h5", cap);
}

TEST(Reader, ConvertsWhatFitsAndRefusesWhatDoesNot) {
    const auto in = reader_of([](ImageWriter& out) {
        out.write("/small", std::vector<std::int64_t>{-1, 127});
        out.write("/big", std::vector<std::int64_t>{-1, 128});
        out.write("/whole", std::vector<double>{2, -3});
        out.write("/half", std::vector<double>{2, 2.5});
        out.write("/nan", std::vector<float>{1, std::nanf("")});
        out.attribute("/", "whole", 3.0);
        out.attribute("/", "half", 3.5);
        out.attribute("/", "minus", -1);
    });
    EXPECT_EQ(in.read<std::int8_t>("/small"), (std::vector<std::int8_t>{-1, 127}));
    EXPECT_EQ(in.read<int>("/whole"), (std::vector<int>{2, -3}));
    EXPECT_THAT(message_of([&] { in.read<std::int8_t>("/big"); }),
                HasSubstr("in.h5: /big: a value does not fit"));
    EXPECT_THAT(message_of([&] { in.read<std::uint64_t>("/small"); }), HasSubstr("does not fit"));
    EXPECT_THAT(message_of([&] { in.read<int>("/half"); }), HasSubstr("does not fit"));
    EXPECT_THAT(message_of([&] { in.read<int>("/nan"); }), HasSubstr("does not fit"));
    EXPECT_EQ(in.attribute<int>("/", "whole"), 3);
    EXPECT_THAT(message_of([&] { in.attribute<int>("/", "half"); }), HasSubstr("/@half"));
    EXPECT_THAT(message_of([&] { in.attribute<std::uint8_t>("/", "minus"); }),
                HasSubstr("out of range"));
}

TEST(Reader, NamesWhatIsMissingOrOfTheWrongKind) {
    const auto in = reader_of([](ImageWriter& out) {
        out.write("/x", std::vector<int>{1, 2});
        out.write_text("/t", "text");
        out.group("/g");
    });
    EXPECT_THAT(message_of([&] { in.read<int>("/y"); }), HasSubstr("in.h5: /y: no such dataset"));
    EXPECT_THAT(message_of([&] { in.read<int>("/g"); }), HasSubstr("no such dataset"));
    EXPECT_THAT(message_of([&] { in.read<int>("/t"); }), HasSubstr("holds no numbers"));
    EXPECT_THAT(message_of([&] { in.read_strings("/x"); }), HasSubstr("holds no text"));
    EXPECT_THAT(message_of([&] { in.read_scalar<int>("/x"); }), HasSubstr("no single value"));
    EXPECT_THAT(message_of([&] { in.attribute<int>("/", "a"); }), HasSubstr("no such attribute"));
    EXPECT_THAT(message_of([&] { in.read_rows<int>("/x", 1, 2); }), HasSubstr("has 2"));
    EXPECT_TRUE(in.exists("/g"));
    EXPECT_TRUE(in.is_group("/g"));
    EXPECT_TRUE(in.is_dataset("/x"));
    EXPECT_FALSE(in.exists("/g/none/deeper"));
    EXPECT_FALSE(in.exists("/x/inside"));
}

TEST(Reader, ChecksSizesBeforeAllocation) {
    // A dataset of 2^60 numbers without storage: a small file that claims an exabyte.
    const std::string path = ::testing::TempDir() + "huge.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t size[2] = {hsize_t{1} << 30, hsize_t{1} << 30};
    const hsize_t chunk[2] = {16, 16};
    H5Pset_chunk(list, 2, chunk);
    const hid_t space = H5Screate_simple(2, size, nullptr);
    const hid_t data =
        H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    const hsize_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const hid_t deep_space = H5Screate_simple(9, nine, nullptr);
    const hid_t deep =
        H5Dcreate2(file, "deep", H5T_NATIVE_INT, deep_space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (const hid_t id : {deep, data}) {
        H5Dclose(id);
    }
    H5Sclose(space);
    H5Sclose(deep_space);
    H5Pclose(list);
    H5Fclose(file);
    const auto in = Reader::open(path);
    EXPECT_THAT(message_of([&] { in.read<double>("/x"); }), HasSubstr("needs more than"));
    EXPECT_THAT(message_of([&] { in.read<int>("/deep"); }), HasSubstr("rank 9"));
    const auto capped =
        reader_of([](ImageWriter& out) { out.write("/x", std::vector<double>(1000)); }, 7999);
    EXPECT_THAT(message_of([&] { capped.read<double>("/x"); }), HasSubstr("needs more than 7999"));
    const auto texts = reader_of(
        [](ImageWriter& out) { out.write("/s", std::vector<std::string>{std::string(5000, 'a')}); },
        4000);
    EXPECT_THAT(message_of([&] { texts.read_strings("/s"); }), HasSubstr("/s"));
}

TEST(Reader, RefusesFilesThatAreNotHdf5) {
    const std::string path = ::testing::TempDir() + "not.h5";
    write_file_atomically(path, "plain text");
    EXPECT_THAT(message_of([&] { Reader::open(path); }), HasSubstr("not a readable HDF5 file"));
    EXPECT_THAT(message_of([&] { Reader::open("/no/such.h5"); }), HasSubstr("no such file"));
    EXPECT_THAT(message_of([&] { Reader::open(::testing::TempDir()); }), HasSubstr("not a file"));
    EXPECT_THAT(message_of([&] { Reader::from_bytes({}, "b"); }), HasSubstr("it is empty"));
    ImageWriter out;
    out.write("/x", std::vector<double>(10000, 1.5));
    const auto image = out.image();
    write_file_atomically(path, std::span(image).first(image.size() / 2));
    EXPECT_THAT(message_of([&] { Reader::open(path); }), HasSubstr("truncated"));
}

TEST(Reader, FindsDamagedChunks) {
    ImageWriter out;
    std::vector<double> values(4000);
    std::mt19937_64 random(5);
    for (double& value : values) {
        value = static_cast<double>(random());
    }
    out.write("/x", values);
    auto image = out.image();
    image[image.size() / 2] ^= std::byte{0x10};
    EXPECT_THAT(message_of([&] { Reader::from_bytes(image, "b").read<double>("/x"); }),
                HasSubstr("cannot be read"));
}

TEST(Reader, RefusesShapesThatNoDataFill) {
    const std::string path = ::testing::TempDir() + "empty_shape.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t size = 100'000'000;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk = 1000;
    H5Pset_chunk(layout, 1, &chunk);
    H5Dclose(H5Dcreate2(file, "x", H5T_NATIVE_UINT8, space, H5P_DEFAULT, layout, H5P_DEFAULT));
    H5Pclose(layout);
    H5Sclose(space);
    H5Fclose(file);
    EXPECT_THAT(message_of([&] { Reader::open(path).read<std::uint8_t>("/x"); }),
                HasSubstr("claims 100000000 values and holds 0 bytes"));
}

TEST(Reader, ReadsBooleansOfH5py) {
    const std::string path = ::testing::TempDir() + "bool.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    const std::int8_t no = 0;
    const std::int8_t yes = 1;
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    const hsize_t size = 3;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t data = H5Dcreate2(file, "b", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const std::int8_t values[3] = {1, 0, 1};
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    const hid_t scalar = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(data, "signed", type, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, &yes);
    H5Aclose(attribute);
    H5Dclose(data);
    H5Sclose(space);
    H5Sclose(scalar);
    H5Tclose(type);
    H5Fclose(file);
    const auto in = Reader::open(path);
    EXPECT_EQ(in.type_class("/b"), TypeClass::integer);
    EXPECT_EQ(in.read<int>("/b"), (std::vector<int>{1, 0, 1}));
    EXPECT_EQ(in.attribute<int>("/b", "signed"), 1);
}

}  // namespace
}  // namespace acim::hdf5
