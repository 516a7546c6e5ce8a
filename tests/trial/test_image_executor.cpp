// SPDX-License-Identifier: Apache-2.0
// The integer network on one image against direct loops over feature maps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/trial/digital_operators.hpp"
#include "tests/trial/small_network.hpp"

namespace acim {
namespace {

namespace ref = testing_reference;
using Floats = std::vector<float>;

int quantised(float x, const Quantisation& q) {
    const int high = q.is_signed ? (1 << (q.bits - 1)) - 1 : (1 << q.bits) - 1;
    const float t = std::nearbyint(x / q.scale);
    return static_cast<int>(
        std::clamp(t, q.is_signed ? -static_cast<float>(high) : 0.0F, static_cast<float>(high)));
}

float dequantised(const Product& p, int m, std::int64_t sum) {
    const double scale = static_cast<double>(p.weight_scale[static_cast<std::size_t>(m)]) *
                         static_cast<double>(p.input_quantisation.scale);
    return static_cast<float>(static_cast<double>(sum) * scale +
                              static_cast<double>(p.bias[static_cast<std::size_t>(m)]));
}

// Convolution as a loop over output maps, with the kernel indexed [out][in of group][kh][kw].
Floats convolve(const Product& p, const Floats& in) {
    const ConvGeometry& c = p.conv;
    const int in_group = c.in_channels / c.groups, out_group = c.out_channels / c.groups;
    Floats out;
    for (int m = 0; m < c.out_channels; ++m)
        for (int oy = 0; oy < c.out_height; ++oy)
            for (int ox = 0; ox < c.out_width; ++ox) {
                std::int64_t sum = 0;
                for (int ic = 0; ic < in_group; ++ic)
                    for (int ky = 0; ky < c.kernel_height; ++ky)
                        for (int kx = 0; kx < c.kernel_width; ++kx) {
                            const int y = oy * c.stride_height + ky * c.dilation_height - c.pad_top;
                            const int x = ox * c.stride_width + kx * c.dilation_width - c.pad_left;
                            if (y < 0 || x < 0 || y >= c.in_height || x >= c.in_width) continue;
                            const int channel = m / out_group * in_group + ic;
                            const int w = p.weights[static_cast<std::size_t>(
                                ((m * in_group + ic) * c.kernel_height + ky) * c.kernel_width +
                                kx)];
                            sum += w * quantised(in[static_cast<std::size_t>(
                                                     (channel * c.in_height + y) * c.in_width + x)],
                                                 p.input_quantisation);
                        }
                out.push_back(dequantised(p, m, sum));
            }
    return out;
}

Floats small_network_by_hand(const QuantizedNetwork& n, const Floats& image) {
    const auto product = [&](int i) {
        return std::get<Product>(n.operators[static_cast<std::size_t>(i)].op);
    };
    Floats a = convolve(product(0), image);
    for (float& v : a) v = std::max(v, 0.0F);
    Floats pooled;
    for (int c = 0; c < 4; ++c)
        for (int y = 0; y < 6; y += 2)
            for (int x = 0; x < 6; x += 2) {
                const float* at = a.data() + (c * 6 + y) * 6 + x;
                pooled.push_back(std::max({at[0], at[1], at[6], at[7]}));
            }
    Floats sum = convolve(product(3), pooled);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += pooled[i];
    Floats mean, logits;
    for (int c = 0; c < 4; ++c) {
        std::int64_t fixed = 0;
        for (int i = 0; i < 9; ++i)
            fixed += std::llrint(
                std::ldexp(static_cast<double>(sum[static_cast<std::size_t>(c * 9 + i)]), 24));
        mean.push_back(static_cast<float>(static_cast<double>(fixed) / (9.0 * 16777216.0)));
    }
    const Product fc = product(7);
    for (int m = 0; m < 5; ++m) {
        std::int64_t total = 0;
        for (int k = 0; k < 4; ++k)
            total += fc.weights[static_cast<std::size_t>(m * 4 + k)] *
                     quantised(mean[static_cast<std::size_t>(k)], fc.input_quantisation);
        logits.push_back(dequantised(fc, m, total));
    }
    return logits;
}

TEST(ImageExecutor, DigitalNetworkEqualsDirectLoops) {
    const QuantizedNetwork network = ref::small_network();
    const ref::SmallImages images(24);
    LayerSettings digital;
    digital.analog = false;
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan =
        make_point_plan(network, ref::uniform_point(digital), PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(network, *kernel);
    for (std::uint32_t i = 0; i < images.count(); ++i) {
        Floats image(36);
        images.read(i, 1, image.data());
        images.read(i, 1, executor.input().data());
        const auto logits = executor.run(plan, {}, i, {});
        ASSERT_EQ(Floats(logits.begin(), logits.end()), small_network_by_hand(network, image)) << i;
    }
    EXPECT_GT(ImageExecutor::memory(network), 4u * (36 + 144 + 144));
}

// A linear layer works on the last axis of any leading shape.
TEST(ImageExecutor, LinearLayerRunsOverEveryRow) {
    std::mt19937 draw(5);
    QuantizedNetwork n;
    n.tensors = {{"in", {1, 3, 4}}, {"out", {1, 3, 2}}};
    Product p = ref::random_product(draw, 2, 4, 8, {8, true, 0.01F});
    p.input = 0;
    p.output = 1;
    n.operators = {{"fc", p}};
    n.input = 0;
    n.output = 1;
    LayerSettings lossless;
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan = make_point_plan(n, {"", {lossless}}, PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(n, *kernel);
    Floats in;
    for (int i = 0; i < 12; ++i) in.push_back(ref::small_float(draw, 1.4F));
    std::ranges::copy(in, executor.input().begin());
    const auto out = executor.run(plan, {}, 0, {});
    for (int row = 0; row < 3; ++row)
        for (int m = 0; m < 2; ++m) {
            std::int64_t sum = 0;
            for (int k = 0; k < 4; ++k)
                sum += p.weights[static_cast<std::size_t>(m * 4 + k)] *
                       quantised(in[static_cast<std::size_t>(row * 4 + k)], p.input_quantisation);
            EXPECT_EQ(out[static_cast<std::size_t>(row * 2 + m)], dequantised(p, m, sum));
        }
}

TEST(DigitalOperators, PoolsSkipPaddingAndCountAsTold) {
    const Floats map = {1, -2, 3, 4, -5, 6, -7, -8, -9};
    const PoolGeometry pool{1, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1};  // padded by one at top and left
    Floats out(4);
    run(MaxPool{0, 0, pool}, map, out);
    EXPECT_EQ(out, (Floats{1, 3, 4, 6}));
    run(AveragePool{0, 0, pool, false, 24}, map, out);
    EXPECT_EQ(out, (Floats{1, 0.5F, -1.5F, -4}));
    run(AveragePool{0, 0, pool, true, 24}, map, out);
    EXPECT_EQ(out, (Floats{0.25F, 0.25F, -0.75F, -4}));
}

TEST(DigitalOperators, ElementwiseOnes) {
    const Floats x = {-1, 0.5F, 7, std::nanf("")};
    Floats out(4);
    run(Relu(), x, out);
    EXPECT_EQ(out, (Floats{0, 0.5F, 7, 0}));
    run(Clip{0, 0, -0.5F, 6}, x, out);
    EXPECT_EQ(out, (Floats{-0.5F, 0.5F, 6, -0.5F}));
    run(Add(), Floats{1, 2, 3, 4}, Floats{10}, out);
    EXPECT_EQ(out, (Floats{11, 12, 13, 14}));
    run(Add(), Floats{1, 2, 3, 4}, Floats{4, 3, 2, 1}, out);
    EXPECT_EQ(out, (Floats{5, 5, 5, 5}));
    run(Affine{0, 0, {2, -1}, {1, 0.5F}}, Floats{1, 2, 3, 4}, out);
    EXPECT_EQ(out, (Floats{3, 5, -2.5F, -3.5F}));
}

// Faults of a point name the layer.
TEST(PointPlan, ErrorsNameTheLayer) {
    const QuantizedNetwork network = ref::small_network();
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    DesignPoint point = ref::uniform_point({});
    point.layers[1].macro.rows = 8;
    try {
        make_point_plan(network, point, PhiloxKey{}, *kernel, cache);
        FAIL() << "8 rows cannot hold a 3x3 window";
    } catch (const std::invalid_argument& error) {
        EXPECT_EQ(std::string(error.what()).find("layer 'conv2': macro.rows is 8"), 0u)
            << error.what();
    }
    point.layers.pop_back();
    EXPECT_THROW(make_point_plan(network, point, PhiloxKey{}, *kernel, cache),
                 std::invalid_argument);
}

// The network's own widths rule; counters must be able to tell its layers apart.
TEST(PointPlan, TakesWidthsFromTheNetworkAndChecksCounters) {
    QuantizedNetwork network = ref::small_network();
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan =
        make_point_plan(network, ref::uniform_point({}), PhiloxKey{}, *kernel, cache);
    EXPECT_EQ(plan.layers[1].plan.weight_bits, 6);
    EXPECT_EQ(plan.layers[1].plan.activation_bits, 7);
    EXPECT_EQ(plan.layers[1].weights.size(), 2u);
    EXPECT_EQ(plan.layers[1].group_outputs, 2);
    EXPECT_EQ(plan.layers[1].pixels, 9);
    const Operator fc = network.operators.back();
    while (network.operators.size() < 1030) network.operators.push_back(fc);
    DesignPoint many;
    many.layers.resize(network.mac_layers().size());
    EXPECT_THROW(make_point_plan(network, many, PhiloxKey{}, *kernel, cache),
                 std::invalid_argument);
}

}  // namespace
}  // namespace acim
