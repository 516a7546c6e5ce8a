// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/device_network.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "cuda/engine/product_kernel.hpp"
#include "cuda/trial/point_plan.hpp"

namespace acim {

// Places of a layer's arrays in the arena.
struct DeviceNetwork::Places {
    std::size_t taps = 0, weights = 0, offset_product = 0, weight_scale = 0, bias = 0;
};

namespace {

constexpr int one_byte_limit = 8;  // bits of inputs that one byte holds, with an offset

std::vector<Tap> taps_of(const Product& product) {
    const ConvGeometry& c = product.conv;
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
    if (!product.is_conv) return u;
    const ConvGeometry& c = product.conv;
    u.conv_groups = c.groups;
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

// What has no kernel yet.
void check_operators(const QuantizedNetwork& network) {
    for (const Operator& node : network.operators) {
        const auto* product = std::get_if<Product>(&node.op);
        const bool is_known =
            product ? !product->is_computed() : node.op.index() < Operation(Constant()).index();
        if (!is_known)
            throw std::invalid_argument(
                "operator '" + node.name +
                "' has no kernel in the CUDA engine yet. Use --engine cpu.");
    }
}

}  // namespace

DeviceNetwork::DeviceNetwork(const QuantizedNetwork& network)
    : network_(network), affine_(network.operators.size()) {
    check_operators(network);
    std::vector<Places> places;
    for (const int i : network.mac_layers()) {
        check_depth(network.operators[i]);
        const auto& product = std::get<Product>(network.operators[i].op);
        layers_.push_back(describe(product, network));
        const NetworkLayer& layer = layers_.back();
        Places p;
        if (product.is_conv) p.taps = data_.add(taps_of(product));
        p.weights = data_.add(weight_lines(product, layer));
        p.offset_product = data_.add(offset_products(product, layer.byte_offset));
        p.weight_scale = data_.add(product.weight_scale);
        p.bias = data_.add(product.bias);
        places.push_back(p);
    }
    std::vector<std::pair<std::size_t, std::size_t>> affine(network.operators.size());
    for (std::size_t i = 0; i < network.operators.size(); ++i)
        if (const auto* op = std::get_if<Affine>(&network.operators[i].op))
            affine[i] = {data_.add(op->scale), data_.add(op->shift)};
    data_.send();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        NetworkLayer& layer = layers_[i];
        if (layer.product->is_conv) layer.unfold.taps = data_.at<Tap>(places[i].taps);
        layer.weights = data_.at<std::int8_t>(places[i].weights);
        layer.offset_product = data_.at<std::int64_t>(places[i].offset_product);
        layer.weight_scale = data_.at<float>(places[i].weight_scale);
        layer.bias = data_.at<float>(places[i].bias);
    }
    for (std::size_t i = 0; i < affine_.size(); ++i)
        affine_[i] = {data_.at<float>(affine[i].first), data_.at<float>(affine[i].second)};
    lay_out_tensors();
}

void DeviceNetwork::lay_out_tensors() {
    offsets_.assign(network_.tensors.size(), -1);
    for (const Operator& node : network_.operators)
        if (const auto* view = std::get_if<View>(&node.op)) offsets_[view->output] = -2;
    for (std::size_t t = 0; t < offsets_.size(); ++t) {
        if (offsets_[t] == -2) continue;
        offsets_[t] = slot_elements_;
        slot_elements_ += network_.tensors[t].elements();
    }
    for (const Operator& node : network_.operators)  // in order: a view may look at a view
        if (const auto* view = std::get_if<View>(&node.op))
            offsets_[view->output] = offsets_[view->input];
}

}  // namespace acim
