// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_network.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "cuda/engine/product_kernel.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {

// Places of a layer's arrays in the arena.
struct DeviceNetwork::Places {
    std::size_t taps = 0, weights = 0, offset_product = 0, weight_scale = 0, bias = 0;
};

namespace {

constexpr int one_byte_limit = 8;  // bits of inputs that one byte holds, with an offset

// A stored operand on the left has inputs [heads][k][p]: a convolution of 1 x 1 over a map of one row.
ConvGeometry geometry_of(const Product& product, int pixels) {
    if (product.is_conv) return product.conv;
    ConvGeometry c;
    c.groups = product.stored.heads;
    c.in_channels = c.groups * product.depth;
    c.in_height = c.out_height = 1;
    c.in_width = c.out_width = pixels;
    return c;
}

std::vector<Tap> taps_of(const Product& product, int pixels) {
    const ConvGeometry c = geometry_of(product, pixels);
    std::vector<Tap> taps;
    for (int channel = 0; channel < c.in_channels / c.groups; ++channel)
        for (int kh = 0; kh < c.kernel_height; ++kh)
            for (int kw = 0; kw < c.kernel_width; ++kw) {
                const int dy = kh * c.dilation_height, dx = kw * c.dilation_width;
                taps.push_back({(channel * c.in_height + dy) * c.in_width + dx,
                                static_cast<std::int16_t>(dy), static_cast<std::int16_t>(dx)});
            }
    return taps;
}

UnfoldView unfold_of(const Product& product, const QuantizedNetwork& network) {
    UnfoldView u;
    u.elements = network.tensors[product.input].elements();
    u.depth = product.depth;
    u.pixels = output_pixels(network, product);
    u.conv_groups = product.groups();
    u.by_taps = product.is_conv || product.stored.on_left;
    if (!u.by_taps) {
        u.group_stride = product.is_computed() ? u.pixels * u.depth : 0;
        return u;
    }
    const ConvGeometry c = geometry_of(product, u.pixels);
    u.group_stride = c.in_channels / c.groups * c.in_height * c.in_width;
    u.width = c.in_width;
    u.height = c.in_height;
    u.reach_y = (c.kernel_height - 1) * c.dilation_height;
    u.reach_x = (c.kernel_width - 1) * c.dilation_width;
    u.out_width = c.out_width;
    u.stride_height = c.stride_height;
    u.stride_width = c.stride_width;
    u.pad_top = c.pad_top;
    u.pad_left = c.pad_left;
    return u;
}

// A weight as the integer product counts it: one-bit weights are 0 or 1.
std::int8_t weight_at(const Product& product, std::size_t index) {
    const std::int8_t w = product.weights[index];
    return product.weight_bits == 1 ? static_cast<std::int8_t>(w & 1) : w;
}

// [convolution groups][product_rows][line]
std::vector<std::int8_t> weight_lines(const Product& product, const NetworkLayer& layer) {
    const auto line = static_cast<std::size_t>(layer.line);
    std::vector<std::int8_t> out(static_cast<std::size_t>(layer.conv_groups) * layer.product_rows *
                                 line);
    for (int channel = 0; channel < product.outputs; ++channel) {
        const std::size_t row = static_cast<std::size_t>(channel / layer.outputs) *
                                    static_cast<std::size_t>(layer.product_rows) +
                                static_cast<std::size_t>(channel % layer.outputs);
        const std::size_t first = static_cast<std::size_t>(channel) * product.depth;
        for (int r = 0; r < product.depth; ++r)
            out[row * line + r] = weight_at(product, first + static_cast<std::size_t>(r));
    }
    return out;
}

std::vector<std::int64_t> offset_products(const Product& product, int offset) {
    std::vector<std::int64_t> out;
    for (int channel = 0; channel < product.outputs; ++channel) {
        std::int64_t sum = 0;
        for (int r = 0; r < product.depth; ++r)
            sum += weight_at(product, static_cast<std::size_t>(channel) * product.depth +
                                          static_cast<std::size_t>(r));
        out.push_back(offset * sum);
    }
    return out;
}

int round_up(int n, int step) { return (n + step - 1) / step * step; }

StoredView stored_of(const Product& product, const QuantizedNetwork& network,
                     const NetworkLayer& layer) {
    StoredView s;
    s.elements = network.tensors[product.stored.tensor].elements();
    s.heads = product.stored.heads;
    s.outputs = layer.outputs;
    s.depth = product.depth;
    s.on_left = product.stored.on_left;
    s.scale = product.stored.scale;
    s.low = digital::quantised_low(product.weight_bits, true);
    s.high = digital::quantised_high(product.weight_bits, true);
    s.bits = product.weight_bits;
    s.rows = layer.product_rows;
    s.line = layer.line;
    s.byte_offset = layer.byte_offset;
    return s;
}

NetworkLayer describe(const Product& product, const QuantizedNetwork& network) {
    NetworkLayer layer;
    layer.product = &product;
    layer.unfold = unfold_of(product, network);
    layer.conv_groups = layer.unfold.conv_groups;
    layer.outputs = product.outputs / layer.conv_groups;
    layer.pixels = layer.unfold.pixels;
    layer.line = round_up(product.depth, product_depth_step);
    layer.product_rows = padded_product_rows(layer.outputs);
    const Quantisation& q = product.input_quantisation;
    layer.two_bytes = q.bits > one_byte_limit;
    layer.byte_offset = q.bits == one_byte_limit && !q.is_signed ? 128 : 0;
    if (product.is_computed()) layer.stored = stored_of(product, network, layer);
    return layer;
}

// Sums of products of two signed bytes: 2^31 / 2^14.
constexpr int most_depth = 131071;

void check_depth(const Operator& node) {
    const auto& product = std::get<Product>(node.op);
    if (product.depth > most_depth)
        throw std::invalid_argument("layer '" + node.name + "' sums " +
                                    std::to_string(product.depth) +
                                    " inputs; the CUDA engine adds up to " +
                                    std::to_string(most_depth) + ". Use --engine cpu.");
}

// Tensors that are read by operators which take strides: a copy for each slot is not needed.
std::vector<bool> read_by_strides(const QuantizedNetwork& network) {
    std::vector<TensorId> source(network.tensors.size());
    std::iota(source.begin(), source.end(), 0);
    std::vector<bool> out(network.tensors.size(), true);
    for (const Operator& node : network.operators) {
        if (const auto* view = std::get_if<View>(&node.op)) {
            source[view->output] = source[view->input];
            continue;
        }
        const bool takes_strides =
            std::holds_alternative<Add>(node.op) || std::holds_alternative<Binary>(node.op) ||
            std::holds_alternative<Concat>(node.op) || std::holds_alternative<Rearrange>(node.op);
        for (const TensorId operand : operands_of(node.op))
            if (!takes_strides) out[source[operand]] = false;
    }
    out[source[network.output]] = false;
    return out;
}

}  // namespace

DeviceNetwork::DeviceNetwork(const QuantizedNetwork& network) : network_(network) {
    std::vector<Places> places;
    for (const int i : network.mac_layers()) {
        check_depth(network.operators[i]);
        places.push_back(add_layer(std::get<Product>(network.operators[i].op)));
    }
    add_values();
    for (std::size_t i = 0; i < layers_.size(); ++i) set_places(layers_[i], places[i]);
    lay_out_tensors();
}

DeviceNetwork::Places DeviceNetwork::add_layer(const Product& product) {
    layers_.push_back(describe(product, network_));
    const NetworkLayer& layer = layers_.back();
    Places p;
    if (layer.unfold.by_taps) p.taps = data_.add(taps_of(product, layer.pixels));
    if (!product.is_computed()) {
        p.weights = data_.add(weight_lines(product, layer));
        p.offset_product = data_.add(offset_products(product, layer.byte_offset));
    }
    p.weight_scale = data_.add(product.weight_scale);
    p.bias = data_.add(product.bias);
    return p;
}

void DeviceNetwork::set_places(NetworkLayer& layer, const Places& places) const {
    if (layer.unfold.by_taps) layer.unfold.taps = data_.at<Tap>(places.taps);
    if (!layer.is_computed()) {
        layer.weights = data_.at<std::int8_t>(places.weights);
        layer.offset_product = data_.at<std::int64_t>(places.offset_product);
    }
    layer.weight_scale = data_.at<float>(places.weight_scale);
    layer.bias = data_.at<float>(places.bias);
}

// What operators other than products bring along; then everything is sent.
void DeviceNetwork::add_values() {
    const std::size_t count = network_.operators.size();
    std::vector<std::optional<std::size_t>> first(count), second(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Operation& node = network_.operators[i].op;
        const auto add = [&](const std::vector<float>& a, const std::vector<float>* b = nullptr) {
            first[i] = data_.add(a);
            if (b != nullptr) second[i] = data_.add(*b);
        };
        if (const auto* affine = std::get_if<Affine>(&node)) add(affine->scale, &affine->shift);
        if (const auto* norm = std::get_if<LayerNorm>(&node)) add(norm->scale, &norm->shift);
        if (const auto* embedding = std::get_if<Embedding>(&node)) add(embedding->table);
        if (const auto* constant = std::get_if<Constant>(&node)) add(constant->values);
    }
    data_.send();
    const auto sent = [&](const std::optional<std::size_t>& place) {
        return place ? data_.at<const float>(*place) : nullptr;
    };
    for (std::size_t i = 0; i < count; ++i) values_.push_back({sent(first[i]), sent(second[i])});
}

void DeviceNetwork::lay_out_tensors() {
    constexpr std::int64_t unknown = INT64_MIN;
    offsets_.assign(network_.tensors.size(), 0);
    const std::vector<bool> by_strides = read_by_strides(network_);
    for (std::size_t i = 0; i < network_.operators.size(); ++i) {
        const Operation& node = network_.operators[i].op;
        const TensorId output = output_of(node);
        if (std::holds_alternative<View>(node)) offsets_[output] = unknown;
        if (std::holds_alternative<Constant>(node) && by_strides[output])
            offsets_[output] = ~static_cast<std::int64_t>(i);
    }
    for (std::size_t t = 0; t < offsets_.size(); ++t) {
        if (offsets_[t] < 0) continue;
        offsets_[t] = slot_elements_;
        slot_elements_ += network_.tensors[t].elements();
    }
    for (const Operator& node : network_.operators)  // in order: a view may look at a view
        if (const auto* view = std::get_if<View>(&node.op))
            offsets_[view->output] = offsets_[view->input];
}

}  // namespace acim
