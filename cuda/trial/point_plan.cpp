// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/point_plan.hpp"

#include <stdexcept>
#include <string>

namespace acim {

LayerShape layer_shape(const Product& product) {
    const int window = product.is_conv ? product.conv.kernel_height * product.conv.kernel_width : 1;
    const int groups = product.is_conv ? product.conv.groups : 1;
    return {product.outputs / groups, product.depth, window, product.input_quantisation.is_signed};
}

int output_pixels(const QuantizedNetwork& network, const Product& product) {
    return static_cast<int>(network.tensors[product.output].elements() / product.outputs);
}

PointPlan make_point_plan(const QuantizedNetwork& network, const DesignPoint& point,
                          const ProductKernel& kernel, CycleLawCache& cache) {
    const std::vector<int> macs = network.mac_layers();
    if (macs.size() != point.layers.size())
        throw std::invalid_argument("the design point has settings for another number of layers");
    if (macs.size() > std::size_t{1} << CounterWidths::layer)
        throw std::invalid_argument("the network has " + std::to_string(macs.size()) +
                                    " layers for the macro; random numbers can tell 1024 apart");
    PointPlan plan;
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& op = network.operators[macs[i]];
        const auto& product = std::get<Product>(op.op);
        LayerSettings settings = point.layers[i];
        // The network was quantised with its own widths; they rule.
        settings.weight_bits = product.weight_bits;
        settings.activation_bits = product.input_quantisation.bits;
        PointPlan::Layer layer;
        const LayerShape shape = layer_shape(product);
        try {
            layer.plan = make_layer_plan(settings, shape, cache);
        } catch (const std::logic_error& error) {
            throw std::invalid_argument("layer '" + op.name + "': " + error.what());
        }
        if (network.tensors[product.output].elements() > std::int64_t{1} << 32)
            throw std::invalid_argument("layer '" + op.name +
                                        "': more than 2^32 output elements in one image");
        layer.group_outputs = shape.outputs;
        layer.pixels = output_pixels(network, product);
        const std::size_t size = static_cast<std::size_t>(shape.outputs) * shape.depth;
        const std::span<const std::int8_t> weights(product.weights);
        for (std::size_t at = 0; at < product.weights.size(); at += size)
            layer.weights.push_back(
                kernel.pack(layer.plan, shape.outputs, weights.subspan(at, size)));
        plan.layers.push_back(std::move(layer));
    }
    return plan;
}

}  // namespace acim
