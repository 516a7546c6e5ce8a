// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/image_executor.hpp"

#include <algorithm>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/digital_operators.hpp"
#include "cuda/trial/metrics.hpp"

namespace acim {

ImageExecutor::ImageExecutor(const QuantizedNetwork& network, const ProductKernel& kernel)
    : network_(network), kernel_(kernel) {
    for (const Tensor& t : network.tensors)
        values_.emplace_back(static_cast<std::size_t>(t.elements()));
}

std::span<float> ImageExecutor::input() { return values_[network_.input]; }

std::uint64_t ImageExecutor::memory(const QuantizedNetwork& network) {
    std::uint64_t bytes = 0, largest = 0;
    for (const Tensor& t : network.tensors) bytes += static_cast<std::uint64_t>(t.elements()) * 4;
    for (const int i : network.mac_layers()) {
        const auto& p = std::get<Product>(network.operators[i].op);
        const auto pixels = static_cast<std::uint64_t>(output_pixels(network, p));
        largest = std::max(largest, pixels * p.depth * 2 + pixels * p.outputs * 24);
    }
    return bytes + largest;
}

std::span<const float> ImageExecutor::run(const PointPlan& plan, PhiloxKey trial,
                                          std::uint32_t image, std::span<LayerSums> sums) {
    std::uint32_t layer = 0;
    const auto in = [&](TensorId t) { return Values(values_[t]); };
    const auto out = [&](TensorId t) { return MutableValues(values_[t]); };
    for (const Operator& node : network_.operators) {
        if (const auto* product = std::get_if<Product>(&node.op)) {
            run_product(*product, plan.layers[layer], {trial, layer, image},
                        sums.empty() ? nullptr : &sums[layer]);
            ++layer;
        } else if (const auto* relu = std::get_if<Relu>(&node.op)) {
            run_relu(in(relu->input), out(relu->output));
        } else if (const auto* clip = std::get_if<Clip>(&node.op)) {
            run_clip(*clip, in(clip->input), out(clip->output));
        } else if (const auto* add = std::get_if<Add>(&node.op)) {
            run_add(in(add->a), in(add->b), out(add->output));
        } else if (const auto* affine = std::get_if<Affine>(&node.op)) {
            run_affine(*affine, in(affine->input), out(affine->output));
        } else if (const auto* max = std::get_if<MaxPool>(&node.op)) {
            run_max_pool(max->pool, in(max->input), out(max->output));
        } else if (const auto* average = std::get_if<AveragePool>(&node.op)) {
            run_average_pool(*average, in(average->input), out(average->output));
        } else if (const auto* view = std::get_if<View>(&node.op)) {
            std::ranges::copy(values_[view->input], values_[view->output].begin());
        }
    }
    return values_[network_.output];
}

void ImageExecutor::quantise_input(const Product& product) {
    const Quantisation& q = product.input_quantisation;
    const int low = digital::quantised_low(q.bits, q.is_signed);
    const int high = digital::quantised_high(q.bits, q.is_signed);
    const std::vector<float>& x = values_[product.input];
    quantised_.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        quantised_[i] = static_cast<std::int16_t>(digital::quantise(x[i], q.scale, low, high));
}

// Lays the inputs of every output pixel side by side: [pixels][c][kh][kw]; padding is 0.
void ImageExecutor::gather(const Product& product, int group, int pixels) {
    const ConvGeometry& c = product.conv;
    const int channels = c.in_channels / c.groups;
    const std::size_t depth = static_cast<std::size_t>(product.depth);
    rows_.resize(static_cast<std::size_t>(pixels) * depth);
    for (int p = 0; p < pixels; ++p) {
        const int top = p / c.out_width * c.stride_height - c.pad_top;
        const int left = p % c.out_width * c.stride_width - c.pad_left;
        std::int16_t* row = rows_.data() + p * depth;
        for (int ch = 0; ch < channels; ++ch) {
            const std::int16_t* plane =
                quantised_.data() +
                (static_cast<std::size_t>(group) * channels + ch) * c.in_height * c.in_width;
            for (int kh = 0; kh < c.kernel_height; ++kh) {
                const int y = top + kh * c.dilation_height;
                const bool inside = y >= 0 && y < c.in_height;
                for (int kw = 0; kw < c.kernel_width; ++kw) {
                    const int x = left + kw * c.dilation_width;
                    *row++ = inside && x >= 0 && x < c.in_width ? plane[y * c.in_width + x]
                                                                : std::int16_t{0};
                }
            }
        }
    }
}

void ImageExecutor::run_product(const Product& product, const PointPlan::Layer& layer,
                                ProductPlace place, LayerSums* sums) {
    quantise_input(product);
    const int outputs = layer.group_outputs, pixels = layer.pixels;
    const std::size_t count = static_cast<std::size_t>(outputs) * pixels;
    analog_.resize(count);
    digital_.resize(count);
    exact_.resize(count);
    std::vector<float>& out = values_[product.output];
    for (std::size_t g = 0; g < layer.weights.size(); ++g) {
        if (product.is_conv) gather(product, static_cast<int>(g), pixels);
        const OutputMap map = output_map(product, outputs, pixels, g);
        kernel_.run(layer.plan, *layer.weights[g], outputs, pixels,
                    product.is_conv ? rows_ : quantised_, map, place, {analog_, digital_, exact_});
        for (int m = 0; m < outputs; ++m) {
            const std::size_t channel = g * outputs + m;
            const double scale = digital::product_scale(product.weight_scale[channel],
                                                        product.input_quantisation.scale);
            for (int p = 0; p < pixels; ++p) {
                const std::size_t at = static_cast<std::size_t>(m) * pixels + p;
                const double y = product_value(layer.plan, analog_[at], digital_[at], exact_[at]);
                out[map.first + m * map.output_stride + p * map.pixel_stride] =
                    digital::dequantise(y, scale, product.bias[channel]);
                if (sums != nullptr && layer.plan.analog) add_output(*sums, exact_[at], y);
            }
        }
        if (sums != nullptr)
            sums->conversions += layer.plan.adc_conversions(static_cast<std::int64_t>(count));
    }
}

}  // namespace acim
