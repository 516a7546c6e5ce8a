// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/metrics.hpp"
#include "cuda/trial/network.hpp"
#include "cuda/trial/point_plan.hpp"

// A network small enough for hand-written loops and for every compiler at -O0: convolution, ReLU,
// max pooling, grouped strided dilated convolution over signed inputs, residual sum, average
// pooling, linear layer. Its integers and images come from mt19937, whose output the standard fixes.
namespace acim::testing_reference {

inline float small_float(std::mt19937& draw, float scale) {
    return scale * (static_cast<float>(draw() % 2001u) - 1000.0F) / 1000.0F;
}

inline Product random_product(std::mt19937& draw, int outputs, int depth, int weight_bits,
                              Quantisation input) {
    Product p;
    p.outputs = outputs;
    p.depth = depth;
    p.weight_bits = weight_bits;
    p.input_quantisation = input;
    const int high = (1 << (weight_bits - 1)) - 1;
    for (int i = 0; i < outputs * depth; ++i)
        p.weights.push_back(static_cast<std::int8_t>(
            static_cast<int>(draw() % static_cast<unsigned>(2 * high + 1)) - high));
    for (int m = 0; m < outputs; ++m) {
        p.weight_scale.push_back(0.004F + 0.0001F * static_cast<float>(m));
        p.bias.push_back(small_float(draw, 0.3F));
    }
    return p;
}

inline QuantizedNetwork small_network() {
    std::mt19937 draw(2024);
    QuantizedNetwork n;
    n.hash = "small network of the tests";
    n.tensors = {{"image", {1, 1, 6, 6}}, {"conv1", {1, 4, 6, 6}}, {"relu1", {1, 4, 6, 6}},
                 {"pool", {1, 4, 3, 3}},  {"conv2", {1, 4, 3, 3}}, {"sum", {1, 4, 3, 3}},
                 {"mean", {1, 4, 1, 1}},  {"flat", {1, 4}},        {"logits", {1, 5}}};
    Product conv1 = random_product(draw, 4, 9, 8, {8, false, 1.0F / 255});
    conv1.is_conv = true;
    conv1.conv = {.in_channels = 1,
                  .in_height = 6,
                  .in_width = 6,
                  .kernel_height = 3,
                  .kernel_width = 3,
                  .pad_top = 1,
                  .pad_left = 1,
                  .pad_bottom = 1,
                  .pad_right = 1,
                  .out_channels = 4,
                  .out_height = 6,
                  .out_width = 6};
    Product conv2 = random_product(draw, 4, 18, 6, {7, true, 0.02F});
    conv2.is_conv = true;
    conv2.conv = {.groups = 2,
                  .in_channels = 4,
                  .in_height = 3,
                  .in_width = 3,
                  .kernel_height = 3,
                  .kernel_width = 3,
                  .dilation_height = 1,
                  .dilation_width = 2,
                  .pad_top = 2,
                  .pad_left = 1,
                  .pad_bottom = 0,
                  .pad_right = 3,
                  .out_channels = 4,
                  .out_height = 3,
                  .out_width = 3};
    const PoolGeometry pool{4, 6, 6, 3, 3, 2, 2, 2, 2, 0, 0};
    const PoolGeometry mean{4, 3, 3, 1, 1, 3, 3, 1, 1, 0, 0};
    Product linear = random_product(draw, 5, 4, 8, {8, true, 0.01F});
    const auto join = [](Product p, TensorId in, TensorId out) {
        p.input = in;
        p.output = out;
        return p;
    };
    n.operators = {{"conv1", join(conv1, 0, 1)},  {"relu1", Relu{1, 2}},
                   {"pool", MaxPool{2, 3, pool}}, {"conv2", join(conv2, 3, 4)},
                   {"sum", Add{4, 3, 5}},         {"mean", AveragePool{5, 6, mean, false, 24}},
                   {"flat", View{6, 7}},          {"fc", join(linear, 7, 8)}};
    n.input = 0;
    n.output = 8;
    n.classes = 5;
    return n;
}

// Random images in [0, 1), a label each.
class SmallImages : public ImageSource {
public:
    explicit SmallImages(std::uint32_t images) {
        std::mt19937 draw(77);
        for (std::uint32_t i = 0; i < images * 36; ++i)
            pixels_.push_back(static_cast<float>(draw() % 256u) / 255.0F);
        for (std::uint32_t i = 0; i < images; ++i) labels_.push_back(static_cast<int>(draw() % 5u));
    }
    std::uint32_t count() const override { return static_cast<std::uint32_t>(labels_.size()); }
    std::vector<int> image_shape() const override { return {1, 6, 6}; }
    void read(std::uint32_t first, std::uint32_t images, float* out) const override {
        std::copy_n(pixels_.begin() + first * 36, images * 36, out);
    }
    std::int32_t label(std::uint32_t index) const override { return labels_[index]; }

private:
    std::vector<float> pixels_;
    std::vector<std::int32_t> labels_;
};

// Same settings for all three layers.
inline DesignPoint uniform_point(const LayerSettings& settings) {
    DesignPoint point;
    point.layers.assign(3, settings);
    return point;
}

inline LayerSettings noisy_settings(double sigma) {
    LayerSettings s;
    s.macro.rows = 9;
    s.macro.adc.bits = 6;
    s.macro.noise.random.sigma = sigma;
    return s;
}

inline std::shared_ptr<TrialSetup> small_setup(std::vector<DesignPoint> points) {
    auto setup = std::make_shared<TrialSetup>();
    setup->seed = 1234567890123456789u;
    setup->network = std::make_shared<const QuantizedNetwork>(small_network());
    setup->points = std::move(points);
    setup->images = std::make_shared<const SmallImages>(48);
    LayerSettings digital;
    digital.analog = false;
    const auto kernel = make_reference_kernel();
    CycleLawCache cache;
    const PointPlan plan =
        make_point_plan(*setup->network, uniform_point(digital), PhiloxKey{}, *kernel, cache);
    ImageExecutor executor(*setup->network, *kernel);
    for (std::uint32_t i = 0; i < setup->images->count(); ++i) {
        setup->images->read(i, 1, executor.input().data());
        setup->reference_top1.push_back(top1(executor.run(plan, {}, i, {})));
    }
    return setup;
}

inline std::vector<TrialResult> run_units(TrialEngine& engine,
                                          const std::shared_ptr<const TrialSetup>& setup,
                                          const std::vector<WorkUnit>& units) {
    std::vector<TrialResult> out;
    const std::atomic<bool> stop{false};
    engine.prepare(setup);
    engine.run(
        units, [&](TrialResult&& r) { out.push_back(std::move(r)); }, stop);
    return out;
}

}  // namespace acim::testing_reference
