// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/image_executor.hpp"

#include <algorithm>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/digital_operators.hpp"
#include "cuda/trial/metrics.hpp"
#include "cuda/trial/operand.hpp"

namespace acim {

ImageExecutor::ImageExecutor(const QuantizedNetwork& network, const ProductKernel& kernel)
    : network_(network), kernel_(kernel), kept_(network.mac_layers().size()) {
    for (const Tensor& t : network.tensors)
        values_.emplace_back(static_cast<std::size_t>(t.elements()));
    fill_constants(network.operators, values_);
}

std::span<float> ImageExecutor::input() { return values_[network_.input]; }

std::uint64_t ImageExecutor::memory(const QuantizedNetwork& network) {
    std::uint64_t bytes = 0, largest = 0;
    for (const Tensor& t : network.tensors) bytes += static_cast<std::uint64_t>(t.elements()) * 4;
    for (const int i : network.mac_layers()) {
        const auto& p = std::get<Product>(network.operators[i].op);
        const auto pixels = static_cast<std::uint64_t>(output_pixels(network, p));
        const auto stored = p.is_computed() ? static_cast<std::uint64_t>(p.outputs) * p.depth : 0;
        const std::uint64_t rows = p.is_conv ? WindowRows::memory(p.conv) : pixels * p.depth * 2;
        largest = std::max(largest, rows + pixels * p.outputs * 24 + stored);
    }
    return bytes + largest;
}

std::span<const float> ImageExecutor::run(const PointPlan& plan, PhiloxKey trial,
                                          std::uint32_t image, std::span<LayerSums> sums) {
    std::uint32_t layer = 0;
    const auto execute = [&](const auto& op) {
        using Op = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<Op, Product>) {
            run_product(op, plan.layers[layer], {trial, layer, image},
                        sums.empty() ? nullptr : &sums[layer]);
            ++layer;
        } else if constexpr (!std::is_same_v<Op, Constant>) {
            run_digital(op, values_);
        }
    };
    for (const Operator& node : network_.operators) std::visit(execute, node.op);
    return values_[network_.output];
}

void ImageExecutor::quantise_operands(const Product& product) {
    quantised_.clear();
    quantise_onto(values_[product.input], product.input_quantisation, quantised_);
    if (!product.is_computed()) return;
    stored_.clear();
    quantise_onto(values_[product.stored.tensor], product.stored_quantisation(), stored_);
}

std::span<const std::int16_t> ImageExecutor::inputs_of(const Product& product, int group,
                                                       int pixels) {
    if (product.is_conv) return windows_.gather(product.conv, group, quantised_);
    const std::size_t size = static_cast<std::size_t>(pixels) * product.depth;
    const std::span<const std::int16_t> head(quantised_.data() + group * size, size);
    if (!product.is_computed() || !product.stored.on_left) return head;
    rows_.resize(size);
    transpose(head.data(), product.depth, pixels, rows_.data());
    return rows_;
}

// The stored operand of one head, as weights [outputs][depth].
std::unique_ptr<PackedWeights> ImageExecutor::store(const Product& product,
                                                    const PointPlan::Layer& layer, int head) {
    const int outputs = layer.group_outputs;
    const std::size_t size = static_cast<std::size_t>(outputs) * product.depth;
    std::span<const std::int8_t> weights(stored_.data() + head * size, size);
    if (!product.stored.on_left) {
        columns_.resize(size);
        transpose(weights.data(), product.depth, outputs, columns_.data());
        weights = columns_;
    }
    ProductSite site = layer.site;
    site.first_output = head * outputs;
    return kernel_.pack(layer.plan, outputs, weights, site);
}

void ImageExecutor::run_product(const Product& product, const PointPlan::Layer& layer,
                                ProductPlace place, LayerSums* sums) {
    quantise_operands(product);
    const std::size_t count = static_cast<std::size_t>(layer.group_outputs) * layer.pixels;
    analog_.resize(count);
    digital_.resize(count);
    exact_.resize(count);
    for (int g = 0; g < product.groups(); ++g) {
        std::unique_ptr<PackedWeights> stored;
        if (product.is_computed()) stored = store(product, layer, g);
        kernel_.run(layer.plan, stored ? *stored : *layer.weights[static_cast<std::size_t>(g)],
                    layer.group_outputs, layer.pixels, inputs_of(product, g, layer.pixels),
                    output_map(product, layer.group_outputs, layer.pixels, g), place,
                    {analog_, digital_, exact_});
        if (stored) kept_[place.layer] = std::move(stored);
        finish(product, layer, g, sums);
        if (sums != nullptr)
            sums->conversions += layer.plan.adc_conversions(static_cast<std::int64_t>(count));
    }
}

// From the sums of one group to its part of the output tensor.
void ImageExecutor::finish(const Product& product, const PointPlan::Layer& layer, int group,
                           LayerSums* sums) {
    const int outputs = layer.group_outputs, pixels = layer.pixels;
    const OutputMap map = output_map(product, outputs, pixels, group);
    std::vector<float>& out = values_[product.output];
    OutputSums errors;
    const bool summed = sums != nullptr && layer.plan.analog;
    for (int m = 0; m < outputs; ++m) {
        const std::size_t channel = static_cast<std::size_t>(group) * outputs + m;
        const double scale =
            digital::product_scale(product.weight_scale[channel], product.input_quantisation.scale);
        for (int p = 0; p < pixels; ++p) {
            const std::size_t at = static_cast<std::size_t>(m) * pixels + p;
            const double y = product_value(layer.plan, analog_[at], digital_[at], exact_[at]);
            out[map.first + m * map.output_stride + p * map.pixel_stride] =
                digital::dequantise(y, scale, product.bias[channel]);
            if (summed) errors.add(exact_[at], y);
        }
    }
    if (summed) errors.add_to(*sums);
}

}  // namespace acim
