// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/point_plan.hpp"

#include <stdexcept>
#include <string>

#include "cuda/model/macro/array_place.hpp"

namespace acim {

LayerShape layer_shape(const Product& product) {
    const int window = product.is_conv ? product.conv.kernel_height * product.conv.kernel_width : 1;
    return {product.outputs / product.groups(), product.depth, window,
            product.input_quantisation.is_signed};
}

int output_pixels(const QuantizedNetwork& network, const Product& product) {
    return static_cast<int>(network.tensors[product.output].elements() / product.outputs);
}

OutputMap output_map(const Product& product, int group_outputs, int pixels, int group) {
    const std::int64_t first = std::int64_t{group} * group_outputs * pixels;
    if (product.is_conv || product.stored.on_left) return {first, pixels, 1};
    return {first, 1, group_outputs};
}

LayerSettings settings_on(const Product& product, LayerSettings settings) {
    settings.weight_bits = product.weight_bits;
    settings.activation_bits = product.input_quantisation.bits;
    return settings;
}

LayerPlan describe_operator(const Operator& node, const LayerSettings& settings) {
    const auto& product = std::get<Product>(node.op);
    try {
        return describe_layer(settings_on(product, settings), layer_shape(product));
    } catch (const std::logic_error& error) {
        throw std::invalid_argument("layer '" + node.name + "': " + error.what());
    }
}

namespace {

std::vector<int> checked_layers(const QuantizedNetwork& network, const DesignPoint& point) {
    std::vector<int> macs = network.mac_layers();
    if (macs.size() != point.layers.size())
        throw std::invalid_argument("the design point has settings for another number of layers");
    if (macs.size() > std::size_t{1} << CounterWidths::layer)
        throw std::invalid_argument("the network has " + std::to_string(macs.size()) +
                                    " layers for the macro; random numbers can tell 1024 apart");
    return macs;
}

// Arrays that a layer takes, analog or not: switching one to digital must not move the others.
std::int64_t tiles_of(const Product& product, LayerSettings settings) {
    settings.analog = true;
    settings.macro.kind = MacroKind::bit_sliced;
    if (settings.macro.array.count == 0) return 0;
    const LayerShape shape = layer_shape(product);
    const ColumnLayout columns = column_layout(settings.macro.weight_encoding, product.weight_bits);
    if (outputs_per_array(settings.macro.array, columns.count) < 1) return 0;  // refused elsewhere
    const int rows = settings.macro.rows;
    const bool whole = settings.macro.mapping == RowMapping::whole_channels && rows >= shape.window;
    const int group_rows = whole ? rows / shape.window * shape.window : rows;
    return layer_tiles(settings.macro.array, columns.count,
                       (shape.depth + group_rows - 1) / group_rows, product.outputs);
}

PointPlan::Layer plan_layer(const QuantizedNetwork& network, const Product& product,
                            const LayerSettings& settings, ProductSite site,
                            const WeightPacker& packer, CycleLawCache& cache) {
    PointPlan::Layer layer;
    const LayerShape shape = layer_shape(product);
    layer.plan = make_layer_plan(settings, shape, cache);
    if (network.tensors[product.output].elements() > std::int64_t{1} << 32)
        throw std::invalid_argument("more than 2^32 output elements in one image");
    layer.group_outputs = shape.outputs;
    layer.pixels = output_pixels(network, product);
    layer.site = site;
    const std::size_t size = static_cast<std::size_t>(shape.outputs) * shape.depth;
    const std::span<const std::int8_t> weights(product.weights);
    for (std::size_t at = 0; at < product.weights.size(); at += size) {
        layer.weights.push_back(
            packer.pack(layer.plan, shape.outputs, weights.subspan(at, size), site));
        site.first_output += shape.outputs;
    }
    for (int head = 0; product.is_computed() && head < product.groups(); ++head) {
        if (auto prepared = packer.prepare(layer.plan, shape.outputs, site))
            layer.weights.push_back(std::move(prepared));
        site.first_output += shape.outputs;
    }
    return layer;
}

}  // namespace

bool differs_by_chip(const QuantizedNetwork& network, const DesignPoint& point) {
    const std::vector<int> macs = checked_layers(network, point);
    for (std::size_t i = 0; i < macs.size(); ++i)
        if (describe_operator(network.operators[macs[i]], point.layers[i]).per_chip) return true;
    return false;
}

PointPlan make_point_plan(const QuantizedNetwork& network, const DesignPoint& point, PhiloxKey chip,
                          const WeightPacker& packer, CycleLawCache& cache,
                          std::uint32_t chip_number) {
    const std::vector<int> macs = checked_layers(network, point);
    PointPlan plan;
    ProductSite site;
    site.chip = chip;
    site.chip_number = chip_number;
    for (std::size_t i = 0; i < macs.size(); ++i) {
        const Operator& op = network.operators[macs[i]];
        const auto& product = std::get<Product>(op.op);
        site.layer = static_cast<std::uint32_t>(i);
        site.outputs = product.outputs;
        const LayerSettings settings = settings_on(product, point.layers[i]);
        try {
            plan.layers.push_back(plan_layer(network, product, settings, site, packer, cache));
        } catch (const std::logic_error& error) {
            throw std::invalid_argument("layer '" + op.name + "': " + error.what());
        }
        site.first_tile += tiles_of(product, settings);
    }
    return plan;
}

PointPlan make_digital_plan(const QuantizedNetwork& network, const WeightPacker& packer) {
    LayerSettings settings;
    settings.analog = false;
    DesignPoint point;
    point.layers.assign(network.mac_layers().size(), settings);
    CycleLawCache none;
    return make_point_plan(network, point, PhiloxKey{}, packer, none);
}

}  // namespace acim
