// SPDX-License-Identifier: Apache-2.0
#include "bench/analog_layer.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "cuda/model/random/noise_key.hpp"
#include "host/engine/simd_kernel.hpp"

namespace acim {
namespace {

constexpr double sigmas_in_range = 4.0;

std::vector<std::int8_t> draw_weights(const ConvSize& size, int bits, Operands operands) {
    std::mt19937 random(1);
    const int top = (1 << (bits - 1)) - 1;
    std::normal_distribution<double> normal(0.0, top / sigmas_in_range);
    std::uniform_int_distribution<int> uniform(-top, top);
    std::vector<std::int8_t> weights(static_cast<std::size_t>(size.channels_out) * size.depth());
    for (std::int8_t& w : weights) {
        const int value = operands == Operands::uniform
                              ? uniform(random)
                              : static_cast<int>(std::lround(normal(random)));
        w = static_cast<std::int8_t>(std::clamp(value, -top, top));
    }
    return weights;
}

Product conv_product(const ConvSize& size, const LayerSettings& settings, Operands operands) {
    Product p;
    p.input = 0;
    p.output = 1;
    p.is_conv = true;
    p.conv.in_channels = size.channels_in;
    p.conv.out_channels = size.channels_out;
    p.conv.in_height = p.conv.in_width = p.conv.out_height = p.conv.out_width = size.size;
    p.conv.kernel_height = p.conv.kernel_width = size.kernel;
    p.conv.pad_top = p.conv.pad_left = p.conv.pad_bottom = p.conv.pad_right = size.kernel / 2;
    p.outputs = size.channels_out;
    p.depth = size.depth();
    p.input_quantisation.bits = settings.activation_bits;
    p.weight_bits = settings.weight_bits;
    p.weights = draw_weights(size, settings.weight_bits, operands);
    p.weight_scale.assign(static_cast<std::size_t>(size.channels_out), 1.0F);
    p.bias.assign(static_cast<std::size_t>(size.channels_out), 0.0F);
    return p;
}

QuantizedNetwork one_layer(const ConvSize& size, const LayerSettings& settings, Operands operands) {
    QuantizedNetwork network;
    network.tensors = {{"input", {1, size.channels_in, size.size, size.size}},
                       {"output", {1, size.channels_out, size.size, size.size}}};
    network.operators.push_back({"layer", conv_product(size, settings, operands)});
    network.input = 0;
    network.output = 1;
    return network;
}

}  // namespace

AnalogLayer::AnalogLayer(const ConvSize& size, const LayerSettings& settings, Operands operands)
    : settings_(settings),
      operands_(operands),
      kernel_(make_simd_kernel()),
      network_(one_layer(size, settings, operands)) {
    CycleLawCache laws;
    plan_ =
        make_point_plan(network_, DesignPoint{"bench", {settings}}, chip_key(1, 0), *kernel_, laws);
}

std::int64_t AnalogLayer::conversions() const {
    const PointPlan::Layer& layer = plan_.layers[0];
    return layer.plan.adc_conversions(std::int64_t{layer.group_outputs} * layer.pixels);
}

std::vector<std::int16_t> AnalogLayer::activations(std::uint32_t image, std::size_t count) const {
    std::mt19937 random(1000 + image);
    const int top = (1 << settings_.activation_bits) - 1;
    std::normal_distribution<double> normal(0.0, top / sigmas_in_range);
    std::uniform_int_distribution<int> uniform(0, top);
    std::vector<std::int16_t> values(count);
    for (std::int16_t& x : values) {
        const int value = operands_ == Operands::uniform
                              ? uniform(random)
                              : static_cast<int>(std::lround(std::fabs(normal(random))));
        x = static_cast<std::int16_t>(std::min(value, top));
    }
    return values;
}

KernelRun::KernelRun(const AnalogLayer& layer, std::uint32_t image) : layer_(layer), image_(image) {
    const PointPlan::Layer& part = layer.plan().layers[0];
    const auto pixels = static_cast<std::size_t>(part.pixels);
    rows_ = layer.activations(image, pixels * static_cast<std::size_t>(part.plan.depth));
    const std::size_t outputs = pixels * static_cast<std::size_t>(part.group_outputs);
    analog_.resize(outputs);
    digital_.resize(outputs);
    exact_.resize(outputs);
}

void KernelRun::run() {
    const PointPlan::Layer& part = layer_.plan().layers[0];
    layer_.kernel().run(part.plan, *part.weights[0], part.group_outputs, part.pixels, rows_,
                        OutputMap{0, part.pixels, 1}, ProductPlace{trial_key(1, 0, 0), 0, image_},
                        {analog_, digital_, exact_});
}

}  // namespace acim
