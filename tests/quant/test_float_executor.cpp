// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "cuda/trial/digital_operators.hpp"
#include "host/core/error.hpp"
#include "host/data/data_set.hpp"
#include "host/hdf5/reader.hpp"
#include "host/onnx/import.hpp"
#include "host/quant/float_executor.hpp"
#include "tests/onnx/as_stated.hpp"
#include "tests/quant/small_network.hpp"

namespace acim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::filesystem::path source_folder = ACIM_SOURCE_DIR;

std::vector<float> run_once(const std::shared_ptr<const FloatGraph>& graph,
                            std::span<const float> image) {
    const FloatExecutor executor(graph);
    auto workspace = executor.workspace();
    const auto y = executor.run(image, workspace);
    return {y.begin(), y.end()};
}

std::vector<float> random_values(std::mt19937& random, std::size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& v : values) v = normal(random);
    return values;
}

// The definition of a convolution, term by term in ascending (c, kh, kw).
float convolve(const FloatProduct& p, const std::vector<float>& x, int m, int oy, int ox) {
    const ConvGeometry& g = p.conv;
    const int channels = g.in_channels / g.groups;
    const int first = m / (g.out_channels / g.groups) * channels;
    double sum = 0.0;
    for (int k = 0; k < p.depth; ++k) {
        const int kw = k % g.kernel_width;
        const int kh = k / g.kernel_width % g.kernel_height;
        const int c = k / (g.kernel_width * g.kernel_height);
        const int y = oy * g.stride_height - g.pad_top + kh * g.dilation_height;
        const int i = ox * g.stride_width - g.pad_left + kw * g.dilation_width;
        if (y < 0 || y >= g.in_height || i < 0 || i >= g.in_width) continue;
        const double value =
            x[static_cast<std::size_t>(((first + c) * g.in_height + y) * g.in_width + i)];
        sum += value * static_cast<double>(p.weights[static_cast<std::size_t>(m * p.depth + k)]);
    }
    return static_cast<float>(sum + static_cast<double>(p.bias[static_cast<std::size_t>(m)]));
}

TEST(FloatExecutor, ConvolutionEqualsItsDefinitionBitForBit) {
    std::mt19937 random(2);
    FloatProduct p;
    p.input = 0;
    p.output = 1;
    p.is_conv = true;
    // Two groups of 3 -> 9 channels, 7x8 map, kernel 3x2, stride 2,1, dilation 1,2, pad 1,0,2,1.
    p.conv = {2, 6, 7, 8, 3, 2, 2, 1, 1, 2, 1, 0, 2, 1, 18, 4, 7};
    p.outputs = 18;
    p.depth = 18;
    p.weights = random_values(random, 18 * 18);
    p.bias = random_values(random, 18);
    auto graph = std::make_shared<FloatGraph>();
    graph->tensors = {{"x", {1, 6, 7, 8}}, {"y", {1, 18, 4, 7}}};
    graph->operators = {{"conv", p}};
    graph->input = 0;
    graph->output = 1;
    const std::vector<float> x = random_values(random, 6 * 7 * 8);
    const std::vector<float> y = run_once(graph, x);
    for (int m = 0; m < 18; ++m)
        for (int pixel = 0; pixel < 28; ++pixel)
            ASSERT_EQ(y[static_cast<std::size_t>(m * 28 + pixel)],
                      convolve(p, x, m, pixel / 7, pixel % 7))
                << m << ' ' << pixel;
}

TEST(FloatExecutor, LinearRunsOverTheLastAxis) {
    std::mt19937 random(3);
    const std::vector<float> w = random_values(random, 13 * 57);
    auto graph = test::linear_graph(13, w);
    graph->tensors = {{"x", {1, 3, 57}}, {"y", {1, 3, 13}}};
    const std::vector<float> x = random_values(random, 3 * 57);
    const std::vector<float> y = run_once(graph, x);
    for (std::size_t row = 0; row < 3; ++row)
        for (std::size_t m = 0; m < 13; ++m) {
            double sum = 0.0;
            for (std::size_t k = 0; k < 57; ++k)
                sum += static_cast<double>(x[row * 57 + k]) * static_cast<double>(w[m * 57 + k]);
            ASSERT_EQ(y[row * 13 + m], static_cast<float>(sum));
        }
}

TEST(FloatExecutor, ObserverSeesTheInputOfEveryProductInOrder) {
    const auto graph = test::every_operator();
    const FloatExecutor executor(graph);
    auto workspace = executor.workspace();
    std::vector<std::vector<float>> seen;
    std::vector<float> image(32);
    test::ramp_images(1).read(0, 1, image.data());
    executor.run(image, workspace, [&](int layer, Values values, Values stored) {
        EXPECT_EQ(layer, static_cast<int>(seen.size()));
        EXPECT_TRUE(stored.empty());
        seen.emplace_back(values.begin(), values.end());
    });
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0], image);
    EXPECT_EQ(seen[1], workspace.values[8]);
}

TEST(FloatExecutor, CountsDoNotDependOnThreads) {
    const auto graph = test::every_operator();
    const auto images = test::ramp_images(50);
    const Score score = score_float(graph, images, 3, 45, 1);
    const std::uint64_t one = score.correct;
    for (const int threads : {3, 64}) {
        const Score other = score_float(graph, images, 3, 45, threads);
        EXPECT_EQ(other.correct, one);
        EXPECT_EQ(other.cross_entropy, score.cross_entropy);
    }
    EXPECT_EQ(accuracy_float(graph, images, 3, 45, 2), static_cast<double>(one) / 45.0);
}

TEST(Top1, TakesTheLowestIndexOnTiesAndNeverNan) {
    const float nan = std::nanf("");
    EXPECT_EQ(top1(std::vector<float>{1.0F, 3.0F, 3.0F}), 1);
    EXPECT_EQ(top1(std::vector<float>{nan, -1.0F, -2.0F}), 1);
    EXPECT_EQ(top1(std::vector<float>{-2.0F, nan, -1.0F}), 2);
    EXPECT_EQ(top1(std::vector<float>{0.0F, -0.0F}), 0);
}

TEST(ImageShape, MustFitTheInput) {
    EXPECT_NO_THROW(check_image_shape({"x", {1, 1, 28, 28}}, {1, 28, 28}));
    EXPECT_NO_THROW(check_image_shape({"x", {1, 784}}, {1, 28, 28}));
    EXPECT_NO_THROW(check_image_shape({"x", {1, 28, 28}}, {1, 28, 28}));
    try {
        check_image_shape({"x", {1, 3, 32, 32}}, {1, 28, 28});
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("[1, 28, 28]"), HasSubstr("[1, 3, 32, 32]")));
    }
    EXPECT_THROW(check_image_shape({"x", {1, 3, 28, 28}}, {28, 28, 3}), InputError);
}

class OnnxFixture : public ::testing::TestWithParam<std::string> {};

// PyTorch sums in float32 and in another order; 1e-5 of the largest output is some ten times what
// that gives for these sizes.
TEST_P(OnnxFixture, AgreesWithPytorch) {
    const auto base = source_folder / "tests/fixtures/onnx" / GetParam();
    const auto graph =
        std::make_shared<const FloatGraph>(test::as_stated(import_onnx(base.string() + ".onnx")));
    const auto file = hdf5::Reader::open(base.string() + ".h5");
    const auto x = file.read<float>("x");
    const auto expected = file.read<float>("y");
    const std::size_t images = file.dims("x")[0];
    const std::size_t in = x.size() / images;
    const std::size_t out = expected.size() / images;
    float largest = 0.0F;
    for (float v : expected) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < images; ++i) {
        const auto y = run_once(graph, std::span(x).subspan(i * in, in));
        ASSERT_EQ(y.size(), out);
        for (std::size_t e = 0; e < out; ++e)
            ASSERT_NEAR(y[e], expected[i * out + e], 1e-5F * largest) << "element " << e;
    }
}

std::vector<std::string> fixture_names() {
    std::vector<std::string> names;
    const auto folder = source_folder / "tests/fixtures/onnx";
    if (std::filesystem::is_directory(folder))
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (entry.path().extension() == ".h5") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}
INSTANTIATE_TEST_SUITE_P(All, OnnxFixture, ::testing::ValuesIn(fixture_names()),
                         [](const auto& fixture) { return fixture.param; });

// "| LeNet | 61,706 | 91.30 % | ..." in data/README.md is what training reported in float.
double documented_accuracy(const std::string& network) {
    std::ifstream readme(source_folder / "data/README.md");
    for (std::string line; std::getline(readme, line);) {
        const std::size_t percent = line.find(" %");
        if (!line.starts_with("| " + network + " |") || percent == std::string::npos) continue;
        return std::stod(line.substr(line.rfind(' ', percent - 1)));
    }
    ADD_FAILURE() << network << " has no accuracy in data/README.md";
    return 0.0;
}

TEST(FashionMnist, LeNetReachesItsDocumentedAccuracy) {
    const std::string folder = "/usr/share/datasets/fashion-mnist/";
    DataSpec spec;
    spec.images = folder + "t10k-images-idx3-ubyte.gz";
    spec.labels = folder + "t10k-labels-idx1-ubyte.gz";
    spec.scale = 1.0F / 255.0F;
    if (!std::filesystem::exists(spec.images))
        GTEST_SKIP() << "Debian's package dataset-fashion-mnist is not installed";
    const auto graph =
        std::make_shared<const FloatGraph>(import_onnx(source_folder / "data/lenet_fmnist.onnx"));
    const auto data = open_data(spec);
    EXPECT_NEAR(100.0 * accuracy_float(graph, *data, 0, data->count()),
                documented_accuracy("LeNet"), 0.05);
}

}  // namespace
}  // namespace acim
