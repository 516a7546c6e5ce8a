// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/hdf5/reader.hpp"

namespace acim::hdf5 {
namespace {

using ::testing::ElementsAre;

template <class T>
std::vector<T> extremes(std::size_t count) {
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<T>(i * 37 + 5);
    }
    values.front() = std::numeric_limits<T>::lowest();
    values.back() = std::numeric_limits<T>::max();
    return values;
}

template <class T>
class NumberRoundTrip : public ::testing::Test {};
using Numbers =
    ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                     std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(NumberRoundTrip, Numbers);

TYPED_TEST(NumberRoundTrip, SmallAndFilteredArraysAndAttributesComeBack) {
    for (const std::size_t count : {std::size_t{2}, std::size_t{5000}}) {
        const auto values = extremes<TypeParam>(count);
        ImageWriter out;
        out.group("/g");
        out.write("/g/x", values, {2, count / 2});
        out.attribute("/g/x", "one", values.back());
        out.attribute("/g/x", "two", std::vector<TypeParam>{values.front(), values.back()});
        const auto in = Reader::from_bytes(out.image(), "test");
        EXPECT_EQ(in.read<TypeParam>("/g/x"), values);
        EXPECT_THAT(in.dims("/g/x"), ElementsAre(2, count / 2));
        EXPECT_EQ(in.template attribute<TypeParam>("/g/x", "one"), values.back());
        EXPECT_THAT(in.template attribute_values<TypeParam>("/g/x", "two"),
                    ElementsAre(values.front(), values.back()));
        const auto second = in.read_rows<TypeParam>("/g/x", 1, 1);
        EXPECT_TRUE(std::equal(second.begin(), second.end(),
                               values.begin() + static_cast<std::ptrdiff_t>(count / 2)));
    }
}

TEST(Image, TextsScalarsAndOrderComeBack) {
    ImageWriter out;
    const std::vector<std::string> words{"", "µA", "a longer text with, commas",
                                         std::string(3000, 'x')};
    out.write("/z", words);
    out.write_text("/a", "scalar");
    out.write("/m", std::vector<double>{0.1}, {});
    out.attribute("/", "title", "größer");
    out.attribute("/a", "empty", "");
    const auto in = Reader::from_bytes(out.image(), "test");
    EXPECT_EQ(in.read_strings("/z"), words);
    EXPECT_EQ(in.read_text("/a"), "scalar");
    EXPECT_EQ(in.read_scalar<double>("/m"), 0.1);
    EXPECT_EQ(in.attribute_text("/", "title"), "größer");
    EXPECT_EQ(in.attribute_text("/a", "empty"), "");
    EXPECT_THAT(in.members("/"), ElementsAre("z", "a", "m")) << "order of creation";
    EXPECT_EQ(in.type_class("/z"), TypeClass::text);
    EXPECT_EQ(in.type_class("/m"), TypeClass::floating);
}

TEST(Image, ManyTextsComeBack) {
    std::vector<std::string> texts;
    for (int i = 0; i < 5000; ++i) texts.push_back("layer" + std::to_string(i));
    ImageWriter out;
    out.write("/names", texts);
    const Reader in = Reader::from_bytes(out.image(), "image");
    EXPECT_EQ(in.read_strings("/names"), texts);
}

TEST(Image, EmptyArraysComeBackEmpty) {
    ImageWriter out;
    out.write("/x", std::vector<float>{}, {0, 7});
    out.write("/s", std::vector<std::string>{});
    const auto in = Reader::from_bytes(out.image(), "test");
    EXPECT_TRUE(in.read<float>("/x").empty());
    EXPECT_THAT(in.dims("/x"), ElementsAre(0, 7));
    EXPECT_TRUE(in.read_strings("/s").empty());
}

std::vector<std::byte> image_with_dimensions() {
    ImageWriter out;
    out.write("/point", std::vector<std::int64_t>{0, 1, 2});
    out.make_scale("/point");
    out.dimension("/byte", 4);
    out.write("/bits", std::vector<std::uint8_t>(12, 3), {3, 4});
    out.attach("/bits", 0, "/point");
    out.attach("/bits", 1, "/byte");
    out.write("/name", std::vector<std::string>{"a", "b", "c"});
    out.attach("/name", 0, "/point");
    out.write_table("/table", {{"n", std::vector<std::int64_t>{1, 2, 3}},
                               {"s", std::vector<std::string>{"x", "", "long"}},
                               {"v", std::vector<double>{0.5, 1.5, 2.5}}});
    return out.image();
}

TEST(Image, EqualCallsGiveEqualBytes) {
    EXPECT_EQ(image_with_dimensions(), image_with_dimensions());
}

TEST(Image, BareDimensionsAreMarked) {
    const auto in = Reader::from_bytes(image_with_dimensions(), "test");
    EXPECT_TRUE(in.is_bare_dimension("/byte"));
    EXPECT_FALSE(in.is_bare_dimension("/point"));
    EXPECT_EQ(in.attribute_text("/point", "CLASS"), "DIMENSION_SCALE");
    EXPECT_EQ(in.type_class("/table"), TypeClass::other);
}

TEST(Image, WrongUseIsAContractError) {
    ImageWriter out;
    EXPECT_THROW(out.write("/x", std::vector<int>{1, 2, 3}, {2}), ContractError);
    out.write("/x", std::vector<int>{1}, {1});
    EXPECT_THROW(out.write("/x", std::vector<int>{1}, {1}), ContractError);
    EXPECT_THROW(out.write("/no/parent", std::vector<int>{1}, {1}), ContractError);
    EXPECT_THROW(out.attach("/x", 0, "/d"); out.attach("/x", 0, "/e"), ContractError);
}

}  // namespace
}  // namespace acim::hdf5
