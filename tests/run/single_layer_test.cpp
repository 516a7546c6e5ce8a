// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <gmock/gmock.h>

#include "tests/run/layer_fixture.hpp"

namespace acim {
namespace {

using ::testing::ElementsAre;

std::vector<double> to_doubles(const std::vector<std::int64_t>& values) {
    return {values.begin(), values.end()};
}

// The convolution as its definition says, without windows laid side by side.
std::vector<std::int64_t> direct_convolution(const TestTensor& x, const TestTensor& w,
                                             const ConvGeometry& c) {
    std::vector<std::int64_t> y;
    const int in_group = c.in_channels / c.groups, out_group = c.out_channels / c.groups;
    for (std::uint64_t b = 0; b < x.dims[0]; ++b)
        for (int n = 0; n < c.out_channels; ++n)
            for (int oy = 0; oy < c.out_height; ++oy)
                for (int ox = 0; ox < c.out_width; ++ox) {
                    std::int64_t sum = 0;
                    for (int ch = 0; ch < in_group; ++ch)
                        for (int kh = 0; kh < c.kernel_height; ++kh)
                            for (int kw = 0; kw < c.kernel_width; ++kw) {
                                const int iy =
                                    oy * c.stride_height + kh * c.dilation_height - c.pad_top;
                                const int ix =
                                    ox * c.stride_width + kw * c.dilation_width - c.pad_left;
                                if (iy < 0 || ix < 0 || iy >= c.in_height || ix >= c.in_width)
                                    continue;
                                const int channel = n / out_group * in_group + ch;
                                sum +=
                                    std::int64_t{
                                        w.values[((n * in_group + ch) * c.kernel_height + kh) *
                                                     c.kernel_width +
                                                 kw]} *
                                    x.values[((b * c.in_channels + channel) * c.in_height + iy) *
                                                 c.in_width +
                                             ix];
                            }
                    y.push_back(sum);
                }
    return y;
}

// y[.., i, j] = sum_t a(.., i, t) b(.., j, t), for `blocks` leading blocks.
std::vector<std::int64_t> direct_product(const std::vector<std::int32_t>& a,
                                         const std::vector<std::int32_t>& b, int blocks, int rows,
                                         int columns, int depth) {
    std::vector<std::int64_t> y;
    for (int block = 0; block < blocks; ++block)
        for (int i = 0; i < rows; ++i)
            for (int j = 0; j < columns; ++j) {
                std::int64_t sum = 0;
                for (int t = 0; t < depth; ++t)
                    sum += std::int64_t{a[(block * rows + i) * depth + t]} *
                           b[(block * columns + j) * depth + t];
                y.push_back(sum);
            }
    return y;
}

class SingleLayer : public LayerTest {
protected:
    SingleLayerResult run(const MacFile& macro, const SingleLayerOptions& options = {}) {
        return run_single_layer(read_layer_operands(folder_ / "in.h5", macro.settings), macro,
                                options);
    }
};

TEST_F(SingleLayer, ConvolutionsOfRandomShapeAreExact) {
    for (int trial = 0; trial < 60; ++trial) {
        const int groups = pick(1, 3), in_group = pick(1, 3), weight_bits = pick(1, 8);
        const bool is_signed = pick(0, 1) != 0;
        const int activation_bits = pick(2, 9);
        const std::vector<std::int64_t> stride = {pick(1, 3), pick(1, 3)},
                                        dilation = {pick(1, 2), pick(1, 2)},
                                        pad = {pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)};
        const TestTensor x = random_tensor(
            {static_cast<std::uint64_t>(pick(1, 3)), static_cast<std::uint64_t>(groups * in_group),
             static_cast<std::uint64_t>(pick(5, 9)), static_cast<std::uint64_t>(pick(5, 9))},
            is_signed ? -(1 << (activation_bits - 1)) : 0,
            (1 << (activation_bits - (is_signed ? 1 : 0))) - 1);
        const TestTensor w = random_tensor(
            {static_cast<std::uint64_t>(groups * pick(1, 3)), static_cast<std::uint64_t>(in_group),
             static_cast<std::uint64_t>(pick(1, 3)), static_cast<std::uint64_t>(pick(1, 3))},
            weight_bits == 1 ? 0 : -(1 << (weight_bits - 1)),
            weight_bits == 1 ? 1 : (1 << (weight_bits - 1)) - 1);
        write({{"x", x}, {"w", w}}, {{"stride", stride},
                                     {"dilation", dilation},
                                     {"pad", pad},
                                     {"groups", {groups}},
                                     {"signed_activations", {is_signed}}});
        MacFile macro = lossless_macro(weight_bits, activation_bits);
        macro.settings.macro.mapping = pick(0, 1) ? RowMapping::dense : RowMapping::whole_channels;
        const LayerOperands operands = read_layer_operands(folder_ / "in.h5", macro.settings);
        const auto exact = direct_convolution(x, w, operands.conv);
        SingleLayerResult result = run_single_layer(operands, macro);
        EXPECT_EQ(result.path, SamplingPath::product);
        EXPECT_EQ(result.y, to_doubles(exact)) << "trial " << trial;
        macro.settings.macro.hybrid.levels = 2;  // through planes, cycles and codes
        result = run_single_layer(operands, macro);
        EXPECT_EQ(result.path, SamplingPath::lut);
        EXPECT_EQ(result.y, to_doubles(exact)) << "trial " << trial;
    }
}

TEST_F(SingleLayer, LinearKeepsLeadingAxes) {
    const TestTensor x = random_tensor({2, 3, 4, 37}, 0, 15), w = random_tensor({5, 37}, -8, 7);
    write({{"x", x}, {"w", w}});
    const MacFile macro = lossless_macro(4, 4);
    const LayerOperands operands = read_layer_operands(folder_ / "in.h5", macro.settings);
    EXPECT_THAT(operands.output_shape, ElementsAre(2, 3, 4, 5));
    EXPECT_EQ(operands.images, 2);
    EXPECT_EQ(operands.pixels, 12);
    std::vector<std::int64_t> exact;
    for (int row = 0; row < 24; ++row)
        for (int n = 0; n < 5; ++n)
            exact.push_back(std::inner_product(x.values.begin() + row * 37,
                                               x.values.begin() + (row + 1) * 37,
                                               w.values.begin() + n * 37, std::int64_t{0}));
    EXPECT_EQ(run(macro).y, to_doubles(exact));
}

TEST_F(SingleLayer, QueryKeyIsTheProductOfRows) {
    const TestTensor q = random_tensor({2, 3, 5, 16}, -128, 127),
                     k = random_tensor({2, 3, 7, 16}, -256, 255);
    write({{"q", q}, {"k", k}});
    const MacFile macro = lossless_macro(8, 9);
    const LayerOperands operands = read_layer_operands(folder_ / "in.h5", macro.settings);
    EXPECT_TRUE(operands.is_signed);
    EXPECT_THAT(operands.output_shape, ElementsAre(2, 3, 5, 7));
    EXPECT_EQ(run(macro).y, to_doubles(direct_product(q.values, k.values, 6, 5, 7, 16)));
}

TEST_F(SingleLayer, AttentionValueSumsOverTime) {
    const TestTensor a = random_tensor({2, 5, 7}, 0, 255), vt = random_tensor({2, 4, 7}, -128, 127);
    TestTensor v{{2, 7, 4}, std::vector<std::int32_t>(56)};
    for (int b = 0; b < 2; ++b)
        for (int n = 0; n < 4; ++n)
            for (int t = 0; t < 7; ++t)
                v.values[(b * 7 + t) * 4 + n] = vt.values[(b * 4 + n) * 7 + t];
    write({{"a", a}, {"v", v}});
    const MacFile macro = lossless_macro(8, 8);
    const LayerOperands operands = read_layer_operands(folder_ / "in.h5", macro.settings);
    EXPECT_FALSE(operands.is_signed);
    EXPECT_THAT(operands.output_shape, ElementsAre(2, 5, 4));
    EXPECT_EQ(run(macro).y, to_doubles(direct_product(a.values, vt.values, 2, 5, 4, 7)));
}

// A place of random numbers is the index in the output tensor of one image, so that equal operands
// on equal places of another form give equal noise: a head of attention is a convolution group.
TEST_F(SingleLayer, PlacesOfRandomNumbersFollowTheOutputTensor) {
    const TestTensor q = random_tensor({1, 2, 3, 20}, -8, 7),
                     k = random_tensor({1, 2, 4, 20}, 0, 15);
    write({{"q", q}, {"k", k}}, {{"signed_activations", {0}}});
    MacFile macro = lossless_macro(4, 4);
    macro.settings.macro.noise.random.sigma = 1.0;
    macro.settings.macro.mapping = RowMapping::dense;
    macro.seed = 7;
    const auto attention = run(macro);
    TestTensor x{{1, 40, 1, 4}, std::vector<std::int32_t>(160)};
    for (int h = 0; h < 2; ++h)
        for (int t = 0; t < 4; ++t)
            for (int d = 0; d < 20; ++d)
                x.values[(h * 20 + d) * 4 + t] = k.values[(h * 4 + t) * 20 + d];
    write({{"x", x}, {"w", {{6, 20, 1, 1}, q.values}}}, {{"groups", {2}}});
    const auto convolution = run(macro);
    EXPECT_EQ(attention.path, SamplingPath::table);
    EXPECT_EQ(attention.analog, convolution.analog);
    // A linear layer has its outputs last: row p, output m at p*M + m, as a transposed product.
    write({{"a", random_tensor({1, 1, 3, 20}, 0, 15)}, {"v", random_tensor({1, 1, 20, 5}, -8, 7)}});
    const LayerOperands value = read_layer_operands(folder_ / "in.h5", macro.settings);
    TestTensor rows{{1, 3, 20}, {value.inputs.begin(), value.inputs.end()}};
    TestTensor weights{{5, 20}, {value.weights.begin(), value.weights.end()}};
    const auto by_attention = run_single_layer(value, macro);
    write({{"x", rows}, {"w", weights}});
    EXPECT_EQ(by_attention.analog, run(macro).analog);
}

// The observing reference kernel and the vector kernel give the same integers, and A and D follow
// from the recorded conversions.
TEST_F(SingleLayer, ConversionsRecombineToAandD) {
    const TestTensor x = random_tensor({2, 4, 5, 5}, 0, 63),
                     w = random_tensor({6, 2, 3, 3}, -32, 31);
    write({{"x", x}, {"w", w}}, {{"groups", {2}}, {"pad", {1}}});
    MacFile macro = lossless_macro(6, 6);
    macro.repeats = 3;
    macro.seed = 11;
    for (const PathRequest path : {PathRequest::automatic, PathRequest::fixed}) {
        macro.settings.path = path;
        macro.settings.macro.noise.random.sigma = 0.7;
        macro.settings.macro.hybrid.levels = 2;
        const auto plain = run(macro), full = run(macro, {.conversions = true, .threads = 0});
        EXPECT_EQ(plain.analog, full.analog);
        EXPECT_EQ(plain.digital, full.digital);
        EXPECT_EQ(plain.y, full.y);
        ASSERT_EQ(full.groups, 2);  // 18 inputs of one group in windows of 9 on 15 rows
        ASSERT_EQ(full.s.size(), full.y.size() * 2 * 36);
        for (std::size_t e = 0; e < full.y.size(); ++e) {
            std::int64_t a = 0, d = 0;
            for (int g = 0; g < 2; ++g)
                for (int i = 0; i < 6; ++i)
                    for (int j = 0; j < 6; ++j) {
                        const std::size_t at = ((e * 2 + g) * 6 + i) * 6 + j;
                        const std::int64_t place = (std::int64_t{1} << (i + j)) * (i == 5 ? -1 : 1);
                        ASSERT_EQ(full.code[at]<0, i + j> 6 + 6 - 2 - 2);
                        if (full.code[at] < 0)
                            d += place * full.s[at];
                        else
                            a += place * full.code[at];
                    }
            ASSERT_EQ(a, full.analog[e]);
            ASSERT_EQ(d, full.digital[e]);
        }
    }
}

// On path `product` no code is formed, yet A is what the codes would give.
TEST_F(SingleLayer, ProductPathReportsCodes) {
    write({{"x", random_tensor({4, 40}, 0, 15)}, {"w", random_tensor({3, 40}, -8, 7)}});
    const MacFile macro = lossless_macro(4, 4);
    const auto full = run(macro, {.conversions = true, .threads = 1});
    EXPECT_EQ(full.path, SamplingPath::product);
    for (std::size_t e = 0; e < full.y.size(); ++e) {
        std::int64_t a = 0;
        for (int at = 0; at < full.groups * 16; ++at) {
            const int i = at / 4 % 4, j = at % 4;
            a += (std::int64_t{1} << (i + j)) * (i == 3 ? -1 : 1) *
                 full.code[e * full.groups * 16 + at];
        }
        EXPECT_EQ(a, full.analog[e]);
        EXPECT_EQ(static_cast<double>(a) * 15 / 255, full.y[e]);
        EXPECT_EQ(full.digital[e], 0);
    }
}

TEST_F(SingleLayer, RepeatsAndImagesHaveTheirOwnNoiseForAnyThreadCount) {
    TestTensor x = random_tensor({2, 60}, 0, 255);
    std::copy_n(x.values.begin(), 60, x.values.begin() + 60);  // both images equal
    write({{"x", x}, {"w", random_tensor({8, 60}, -128, 127)}});
    MacFile macro = lossless_macro(8, 8);
    macro.settings.macro.noise.random.sigma = 0.5;
    macro.seed = 3;
    macro.repeats = 5;
    const auto one = run(macro, {.conversions = false, .threads = 1});
    EXPECT_EQ(one.y, run(macro, {.conversions = false, .threads = 3}).y);
    EXPECT_NE(std::vector(one.y.begin(), one.y.begin() + 8),
              std::vector(one.y.begin() + 8, one.y.begin() + 16));
    EXPECT_NE(std::vector(one.y.begin(), one.y.begin() + 8),
              std::vector(one.y.begin() + 16, one.y.begin() + 24));
    macro.repeats = 2;  // fewer repeats are a prefix of more
    EXPECT_EQ(run(macro).y, std::vector(one.y.begin(), one.y.begin() + 32));
}

TEST_F(SingleLayer, RefusesWhatDoesNotFit) {
    write({{"x", random_tensor({2, 3, 8, 8}, 0, 15)}, {"w", random_tensor({4, 3, 3, 3}, -8, 7)}});
    MacFile macro = lossless_macro(4, 4);
    macro.settings.macro.rows = 8;
    EXPECT_EQ(
        message([&] { run(macro); }),
        "m.yaml: macro.rows is 8, but mapping whole_channels needs at least one whole window of 9 "
        "rows; raise macro.rows or take mapping: dense.");
    macro = lossless_macro(4, 4);
    macro.settings.macro.noise.random.sigma = 0.5;
    EXPECT_EQ(message([&] { run(macro); }),
              "m.yaml: key 'seed' is missing, but the macro draws random "
              "numbers. Add for example seed: 1.");
    macro.seed = 1;
    macro.repeats = 1'000'000;
    EXPECT_EQ(
        message([&] { run(macro); }),
        "m.yaml: the result would take 6.4 GiB (1000000 trial(s) of 288 outputs, 24 bytes each), "
        "but the limit is 2 GiB. Take fewer repeats, chips or images.");
}

TEST_F(SingleLayer, NamesTheOperandThatIsWrong) {
    const MacFile macro = lossless_macro(4, 4);
    const auto error =
        [&](const std::map<std::string, TestTensor>& tensors,
            const std::map<std::string, std::vector<std::int64_t>>& attributes = {}) {
            write(tensors, attributes);
            return message([&] { read_layer_operands(folder_ / "in.h5", macro.settings); });
        };
    TestTensor x = random_tensor({2, 3, 6}, 0, 15), w = random_tensor({4, 6}, -8, 7);
    EXPECT_EQ(error({{"x", x}, {"w", w}}), "");
    x.values[21] = -5;
    EXPECT_EQ(
        error({{"x", x}, {"w", w}}),
        "in.h5: x[1, 0, 3] is -5, but activations are unsigned here. For two's complement set the "
        "root attribute signed_activations to 1.");
    x.values[21] = 16;
    EXPECT_EQ(error({{"x", x}, {"w", w}}),
              "in.h5: x[1, 0, 3] is 16, but unsigned activations of 4 bit(s) lie in 0..15. Set "
              "activation_bits to the width that the integers have.");
    x.values[21] = 0;
    w.values[7] = -9;
    EXPECT_EQ(
        error({{"x", x}, {"w", w}}),
        "in.h5: w[1, 1] is -9, but weights of 4 bit(s) lie in -8..7. Set weight_bits to the width "
        "that the integers have.");
    w.values[7] = -8;
    EXPECT_EQ(
        error({{"x", x}, {"w", {{3, 8}, w.values}}}),
        "in.h5: x has shape [2, 3, 6] and w has shape [3, 8], but their last axes must be equal.");
    EXPECT_EQ(error({{"x", x}}), "in.h5: dataset 'x' is there, but its partner 'w' is not.");
    EXPECT_THAT(error({{"y", x}}), ::testing::HasSubstr("no operands found"));
    EXPECT_THAT(error({{"x", x}, {"w", w}, {"q", x}, {"k", x}}),
                ::testing::HasSubstr("operands of several products"));
    EXPECT_THAT(error({{"x", x}, {"w", w}}, {{"stride", {2}}}),
                ::testing::HasSubstr("'stride' is 2"));
    EXPECT_EQ(error({{"x", x}, {"w", w}}, {{"padding", {0}}}),
              "in.h5: attribute 'padding' is unknown. Did you mean 'pad'?");
    const TestTensor image = random_tensor({1, 4, 3, 3}, 0, 15),
                     window = random_tensor({2, 4, 5, 5}, 0, 7);
    EXPECT_EQ(
        error({{"x", image}, {"w", window}}),
        "in.h5: x has a height of 3 and 0 of padding, but the window of w spans 5. Raise pad or "
        "lower dilation.");
    EXPECT_THAT(error({{"x", image}, {"w", window}}, {{"groups", {3}}}),
                ::testing::HasSubstr("'groups' is 3"));
    EXPECT_THAT(error({{"x", image}, {"w", window}}, {{"groups", {2}}}),
                ::testing::HasSubstr("the second axis of w must be 2"));
    EXPECT_THAT(error({{"x", image}, {"w", window}}, {{"pad", {1, 2, 3}}}),
                ::testing::HasSubstr("'pad' has 3 values, but takes 1 or 2 or 4"));
}

}  // namespace
}  // namespace acim
