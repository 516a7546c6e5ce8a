// SPDX-License-Identifier: Apache-2.0
// One set of images in every format: equal pixels, equal floats, equal hash.
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "tests/data/data_fixture.hpp"
#include "tests/data/hdf5_builder.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t images = 7, channels = 3, side = 32;
constexpr std::size_t plane = side * side, elements = channels * plane;

// Random images [7, 3, 32, 32] and labels below 10, and the same in other orders and types.
class Formats : public DataFixture {
protected:
    void SetUp() override {
        DataFixture::SetUp();
        std::mt19937 random(20261128);
        for (std::size_t i = 0; i < images * elements; ++i)
            nchw_.push_back(static_cast<std::uint8_t>(random()));
        for (std::size_t i = 0; i < images; ++i)
            labels_.push_back(static_cast<std::uint8_t>(random() % 10));
        nhwc_.resize(nchw_.size());
        for (std::size_t i = 0; i < images; ++i)
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t p = 0; p < plane; ++p)
                    nhwc_[i * elements + p * channels + c] = nchw_[i * elements + c * plane + p];
    }

    DataSpec base(DataFormat format) const {
        DataSpec spec;
        spec.format = format;
        spec.scale = 1.0F / 255.0F;
        spec.mean = {0.4914F, 0.4822F, 0.4465F};
        spec.std = {0.247F, 0.2435F, 0.2616F};
        return spec;
    }
    DataSpec idx() const {
        DataSpec spec = base(DataFormat::idx);
        spec.images = write("idx", idx_bytes({7, 3, 32, 32}, raw_bytes(nchw_)));
        spec.labels = write("idx-labels", idx_bytes({7}, raw_bytes(labels_)));
        return spec;
    }
    std::string cifar_bytes(std::size_t first, std::size_t count, bool coarse) const {
        std::string out;
        for (std::size_t i = first; i < first + count; ++i) {
            if (coarse) out += '\x13';
            out += static_cast<char>(labels_[i]);
            out.append(reinterpret_cast<const char*>(nchw_.data()) + i * elements, elements);
        }
        return out;
    }
    DataSpec cifar() const {
        DataSpec spec = base(DataFormat::cifar10);
        spec.images = write("batch1.bin", cifar_bytes(0, 3, false));
        spec.more_images = {write("batch2.bin", cifar_bytes(3, 1, false)),
                            write("batch3.bin", cifar_bytes(4, 3, false))};
        return spec;
    }
    template <class T>
    DataSpec npy(const std::string& type, const std::vector<T>& values, DataLayout layout,
                 int version = 1) const {
        DataSpec spec = base(DataFormat::npy);
        const bool last = layout == DataLayout::nhwc;
        const auto dictionary =
            last ? npy_dictionary(type, {7, 32, 32, 3}) : npy_dictionary(type, {7, 3, 32, 32});
        spec.images = write("images.npy", npy_bytes(dictionary, raw_bytes(values), version));
        const std::vector<std::int64_t> wide(labels_.begin(), labels_.end());
        spec.labels =
            write("labels.npy", npy_bytes(npy_dictionary("<i8", {7}), raw_bytes(wide), version));
        spec.layout = layout;
        return spec;
    }
    DataSpec npz(bool deflated, bool zip64) const {
        DataSpec spec = base(DataFormat::npz);
        const std::vector<std::int32_t> wide(labels_.begin(), labels_.end());
        spec.images =
            write("set.npz",
                  zip_bytes({{"other.npy", "not read"},
                             {"labels.npy", npy_bytes(npy_dictionary("<i4", {7}), raw_bytes(wide)),
                              deflated, zip64},
                             {"images.npy",
                              npy_bytes(npy_dictionary("|u1", {7, 3, 32, 32}), raw_bytes(nchw_)),
                              deflated, zip64}}));
        spec.layout = DataLayout::nchw;
        return spec;
    }
    DataSpec hdf5(std::vector<hsize_t> chunk, int deflate, bool last = false) const {
        DataSpec spec = base(DataFormat::hdf5);
        spec.images = (folder_ / "set.h5").string();
        Hdf5Dataset set{"images"};
        set.dims = last ? std::vector<hsize_t>{7, 32, 32, 3} : std::vector<hsize_t>{7, 3, 32, 32};
        set.values = last ? nhwc_.data() : nchw_.data();
        set.chunk = std::move(chunk);
        set.deflate = deflate;
        set.layout = last ? "NHWC" : "NCHW";
        Hdf5Dataset classes{"labels", H5T_STD_I32BE};
        classes.dims = {7};
        classes.values = labels_.data();
        write_hdf5(spec.images, {set, classes});
        return spec;
    }

    void expect_same(const DataSpec& spec, const std::string& what) const {
        SCOPED_TRACE(what);
        const auto a = open_data(idx());
        const auto b = open_data(spec);
        EXPECT_EQ(b->content_hash(), a->content_hash());
        expect_equal_values(*a, *b);
    }
    static void expect_equal_values(const DataSet& a, const DataSet& b) {
        ASSERT_EQ(b.count(), images);
        ASSERT_THAT(b.image_shape(), ElementsAre(3, 32, 32));
        for (std::uint32_t i = 0; i < images; ++i) EXPECT_EQ(a.label(i), b.label(i));
        EXPECT_EQ(pixels(a, 0, images), pixels(b, 0, images));
        for (std::uint32_t i = 0; i < images; ++i) EXPECT_EQ(pixels(a, i, 1), pixels(b, i, 1)) << i;
        EXPECT_EQ(pixels(a, 2, 4), pixels(b, 2, 4));
    }

    std::vector<std::uint8_t> nchw_, nhwc_, labels_;
};

TEST_F(Formats, EqualBytesAreEqualSets) {
    expect_same(cifar(), "cifar10");
    expect_same(npy("|u1", nchw_, DataLayout::nchw), "npy");
    expect_same(npy("|u1", nhwc_, DataLayout::nhwc, 2), "npy, channels last");
    expect_same(npy("<u1", nchw_, DataLayout::nchw, 3), "npy, version 3");
    expect_same(npz(false, false), "npz");
    expect_same(npz(false, true), "npz, 64 bit");
    expect_same(npz(true, true), "npz, deflated");
    expect_same(hdf5({}, 0), "hdf5");
    expect_same(hdf5({2, 3, 16, 32}, 4), "hdf5, chunks");
    expect_same(hdf5({1, 32, 32, 3}, 1, true), "hdf5, channels last");
}

template <class T>
std::vector<T> as(const std::vector<std::uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST_F(Formats, EveryTypeGivesTheSameFloats) {
    const auto bytes = open_data(idx());
    std::set<std::string> hashes;
    const auto expect = [&](const DataSpec& spec) {
        const auto data = open_data(spec);
        expect_equal_values(*bytes, *data);
        hashes.insert(data->content_hash());
    };
    expect(npy("<u2", as<std::uint16_t>(nchw_), DataLayout::nchw));
    expect(npy("<i2", as<std::int16_t>(nhwc_), DataLayout::nhwc));
    expect(npy("<u4", as<std::uint32_t>(nchw_), DataLayout::nchw));
    expect(npy("<i4", as<std::int32_t>(nhwc_), DataLayout::nhwc));
    expect(npy("<u8", as<std::uint64_t>(nchw_), DataLayout::nchw));
    expect(npy("<i8", as<std::int64_t>(nhwc_), DataLayout::nhwc));
    expect(npy("<f4", as<float>(nchw_), DataLayout::nchw));
    expect(npy("<f8", as<double>(nhwc_), DataLayout::nhwc));
    EXPECT_EQ(hashes.size(), 1U) << "wider types are hashed as the floats that they become";
    // What is already preprocessed is the same content too.
    DataSpec ready = npy("<f4", pixels(*bytes, 0, images), DataLayout::nchw);
    ready.scale = 1.0F;
    ready.mean = ready.std = {};
    hashes.insert(open_data(ready)->content_hash());
    EXPECT_EQ(hashes.size(), 1U);
    ready.scale = 2.0F;
    hashes.insert(open_data(ready)->content_hash());
    EXPECT_EQ(hashes.size(), 2U);
}

TEST_F(Formats, SignedBytesKeepTheirSign) {
    std::vector<std::int8_t> values;
    for (std::uint8_t p : nchw_) values.push_back(static_cast<std::int8_t>(p));
    DataSpec spec = npy("|i1", values, DataLayout::nchw);
    spec.scale = 0.5F;
    spec.mean = spec.std = {};
    const auto out = pixels(*open_data(spec), 0, images);
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(out[i], static_cast<float>(values[i]) * 0.5F);
}

TEST_F(Formats, Cifar100TakesTheFineLabel) {
    DataSpec spec = base(DataFormat::cifar100);
    spec.images = write("train.bin", cifar_bytes(0, images, true));
    const auto data = open_data(spec);
    for (std::uint32_t i = 0; i < images; ++i) EXPECT_EQ(data->label(i), labels_[i]);
    EXPECT_EQ(data->classes(), 100);
    EXPECT_THAT(error_of([&] { check_labels(*data, 10); }),
                HasSubstr("100 classes, but the network has 10"));
}

TEST_F(Formats, CifarFilesAreWholeRecordsOfTheNamedFormat) {
    const std::string bytes = cifar_bytes(0, 2, false);
    DataSpec spec = base(DataFormat::cifar10);
    for (const std::string& wrong : {std::string(), bytes.substr(1), bytes + "x"}) {
        spec.images = write("x.bin", wrong);
        EXPECT_THAT(open_error(spec), AllOf(HasSubstr("x.bin"), HasSubstr("3073")));
    }
    spec.images = write("x.bin", bytes);
    spec.format = DataFormat::cifar100;
    EXPECT_THAT(open_error(spec), HasSubstr("no whole number of cifar100 records"));
    // 3073 records of the other kind have a whole number of records too; the labels tell.
    spec.format = DataFormat::cifar10;
    std::string other = bytes;
    other[3073] = '\x0a';
    spec.images = write("x.bin", other);
    EXPECT_THAT(open_error(spec), HasSubstr("label 10 of image 1 is out of range"));
    spec.more_images = {(folder_ / "missing.bin").string()};
    EXPECT_THAT(open_error(spec), HasSubstr("missing.bin"));
}

TEST_F(Formats, LayoutIsNeverGuessed) {
    DataSpec spec = npy("|u1", nchw_, DataLayout::nchw);
    spec.layout.reset();
    EXPECT_THAT(open_error(spec), AllOf(HasSubstr("data.layout"), HasSubstr("[7, 3, 32, 32]")));
    spec.layout = DataLayout::nhw;
    EXPECT_THAT(open_error(spec), HasSubstr("layout NHW has 3 axes"));
    spec = hdf5({}, 0);
    EXPECT_EQ(open_error(spec), "no error");
    spec.layout = DataLayout::nhwc;
    EXPECT_THAT(open_error(spec), HasSubstr("own layout is NCHW"));
    spec = cifar();
    spec.layout = DataLayout::nhwc;
    EXPECT_THAT(open_error(spec), HasSubstr("own layout is NCHW"));
}

TEST_F(Formats, KeysThatAFormatHasNoUseForAreRefused) {
    DataSpec spec = npz(false, false);
    spec.labels = spec.images;
    EXPECT_THAT(open_error(spec), HasSubstr("data.labels"));
    spec = idx();
    spec.more_images = {spec.images};
    EXPECT_THAT(open_error(spec), HasSubstr("data.images: 2 files"));
}

TEST_F(Formats, TokensAreSequencesOfWholeNumbers) {
    const std::vector<std::uint16_t> tokens = {0, 1, 50256, 65535, 7, 9};
    DataSpec spec;
    spec.format = DataFormat::npy;
    spec.images = write("tokens.npy", npy_bytes(npy_dictionary("<u2", {2, 3}), raw_bytes(tokens)));
    const auto data = open_data(spec);
    EXPECT_EQ(data->count(), 2U);
    EXPECT_THAT(data->image_shape(), ElementsAre(1, 1, 3));
    EXPECT_THAT(pixels(*data, 0, 2), ElementsAre(0.0F, 1.0F, 50256.0F, 65535.0F, 7.0F, 9.0F));
    EXPECT_EQ(data->label(1), -1);
    // float32 holds whole numbers up to 2^24 only.
    const std::vector<std::int64_t> large = {1, 16777216, 3, 4, 5, 16777217};
    spec.images = write("large.npy", npy_bytes(npy_dictionary("<i8", {2, 3}), raw_bytes(large)));
    EXPECT_THAT(open_error(spec), AllOf(HasSubstr("image 1"), HasSubstr("2^24")));
    write_hdf5((folder_ / "tokens.h5").string(),
               {{"images", H5T_STD_U16LE, H5T_NATIVE_UINT16, {2, 3}, tokens.data()}});
    spec.format = DataFormat::hdf5;
    spec.images = (folder_ / "tokens.h5").string();
    EXPECT_EQ(open_data(spec)->content_hash(), data->content_hash());
}

TEST_F(Formats, ValuesAreFinite) {
    std::vector<double> values(images * elements, 1.0);
    values[elements * 4 + 17] = 1e39;  // beyond float32
    EXPECT_THAT(open_error(npy("<f8", values, DataLayout::nchw)),
                AllOf(HasSubstr("image 4"), HasSubstr("not finite")));
    std::vector<float> single(images * elements, 1.0F);
    single[elements - 1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(open_error(npy("<f4", single, DataLayout::nhwc)),
                AllOf(HasSubstr("image 0"), HasSubstr("not finite")));
}

TEST_F(Formats, LabelsAreClasses) {
    DataSpec spec = npy("|u1", nchw_, DataLayout::nchw);
    const auto error = [&](const std::string& dictionary, const std::string& values) {
        spec.labels = write("l.npy", npy_bytes(dictionary, values));
        return open_error(spec);
    };
    using Whole = std::vector<std::int64_t>;
    EXPECT_THAT(error(npy_dictionary("<i8", {7}), raw_bytes(Whole{0, 1, -1, 0, 0, 0, 0})),
                HasSubstr("label -1 of image 2"));
    EXPECT_THAT(error(npy_dictionary("<i8", {7}), raw_bytes(Whole{0, 1, 1LL << 31, 0, 0, 0, 0})),
                HasSubstr("label 2147483648 of image 2"));
    EXPECT_THAT(error(npy_dictionary("<i8", {6}), raw_bytes(Whole{0, 1, 2, 3, 4, 5})),
                HasSubstr("6 labels for the 7 images"));
    EXPECT_THAT(error(npy_dictionary("<i8", {7, 1, 1}), raw_bytes(Whole(7))),
                HasSubstr("3 dimensions where labels have 1"));
    EXPECT_THAT(error(npy_dictionary("<i8", {6, 2}), raw_bytes(Whole(12))),
                HasSubstr("6 labels for the 7 images"));
    EXPECT_THAT(error(npy_dictionary("<i8", {7, 2}),
                      raw_bytes(Whole{0, 1, 2, 3, 4, 5, 6, 7, -8, 9, 10, 11, 12, 13})),
                HasSubstr("label -8 of image 4"));
    EXPECT_THAT(error(npy_dictionary("<f4", {7}), raw_bytes(std::vector<float>(7))),
                HasSubstr("floating-point"));
    // Beyond a byte the hash takes the labels as int32.
    const std::string low = open_data(npy("|u1", nchw_, DataLayout::nchw))->content_hash();
    EXPECT_EQ(error(npy_dictionary("<i8", {7}), raw_bytes(Whole{0, 1, 999, 0, 0, 0, 0})),
              "no error");
    EXPECT_NE(open_data(spec)->content_hash(), low);
    EXPECT_EQ(open_data(spec)->label(2), 999);
}

TEST_F(Formats, LabelsOfPositions) {
    DataSpec spec = npy("|u1", nchw_, DataLayout::nchw);
    const auto with_labels = [&](const std::vector<std::uint64_t>& shape,
                                 const std::vector<std::int64_t>& values) {
        spec.labels = write("l.npy", npy_bytes(npy_dictionary("<i8", shape), raw_bytes(values)));
        return open_data(spec);
    };
    std::vector<std::int64_t> values(21);
    std::iota(values.begin(), values.end(), 0);
    const auto three = with_labels({7, 3}, values);
    EXPECT_EQ(three->positions(), 3);
    EXPECT_EQ(three->count(), 7u);
    for (std::uint32_t item = 0; item < 21; ++item)
        EXPECT_EQ(three->label(item), static_cast<std::int32_t>(item));
    EXPECT_NO_THROW(check_labels(*three, 21, 3));
    EXPECT_THAT(error_of([&] { check_labels(*three, 21); }),
                AllOf(HasSubstr("data.labels: shape [7, 3]"), HasSubstr("which needs [7]")));
    EXPECT_THAT(error_of([&] { check_labels(*three, 21, 4); }),
                AllOf(HasSubstr("predicts at 4 positions"), HasSubstr("which needs [7, 4]")));
    EXPECT_THAT(error_of([&] { check_labels(*three, 20, 3); }),
                HasSubstr("label 20 of image 6 is out of range"));
    values.resize(7);
    const auto line = with_labels({7}, values), column = with_labels({7, 1}, values);
    EXPECT_EQ(line->positions(), 1);
    EXPECT_EQ(column->positions(), 1);
    EXPECT_EQ(column->content_hash(), line->content_hash());
    EXPECT_NE(three->content_hash(), line->content_hash());
}

}  // namespace
}  // namespace acim
