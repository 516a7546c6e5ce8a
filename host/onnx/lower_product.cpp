// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "host/onnx/layer_name.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/quantised.hpp"
#include "host/onnx/rewrites.hpp"
#include "host/onnx/window.hpp"

namespace acim::onnx_import {
namespace {

const std::string& label(const NodeList& list, const std::string& name) {
    static const std::string none;
    const Value* value = list.find(name);
    return value ? value->label : none;
}

std::string product_name(const Node& node, const NodeList& list) {
    return layer_name(node, label(list, node.input(1)), label(list, node.input(2)));
}

ConvGeometry conv_geometry(const Node& node, const Shape& image, const Shape& weights) {
    const Window window = read_window(node, image, {weights[2], weights[3]});
    const std::int64_t groups = node.integer("group", 1);
    const bool divides =
        groups >= 1 && groups <= image[1] && image[1] % groups == 0 && weights[0] % groups == 0;
    if (!divides || std::int64_t{weights[1]} * groups != image[1])
        node.fail(fmt::format("weights of shape {} in {} groups do not match an input of shape {}",
                              shape_text(weights), groups, shape_text(image)));
    ConvGeometry conv;
    conv.groups = static_cast<int>(groups);
    conv.in_channels = image[1];
    conv.in_height = image[2];
    conv.in_width = image[3];
    conv.kernel_height = window.height.kernel;
    conv.kernel_width = window.width.kernel;
    conv.stride_height = window.height.stride;
    conv.stride_width = window.width.stride;
    conv.dilation_height = window.height.dilation;
    conv.dilation_width = window.width.dilation;
    conv.pad_top = window.height.pad_begin;
    conv.pad_left = window.width.pad_begin;
    conv.pad_bottom = window.height.pad_end;
    conv.pad_right = window.width.pad_end;
    conv.out_channels = weights[0];
    conv.out_height = window.height.out;
    conv.out_width = window.width.out;
    return conv;
}

// What the file says about the weights' integers; `axis` is that of the outputs.
StatedQuantisation weight_quantisation(const Node& node, const NodeList& list, int axis) {
    const std::optional<Grid>& grid = list.find(node.input(1))->grid;
    if (!grid) return {};
    if (grid->is_lost)
        node.fail(
            "its weights were quantised and then changed so that their integers are lost. Quantise "
            "them as the layer reads them");
    if (grid->scale->size() > 1 && grid->axis != axis)
        node.fail(
            fmt::format("its weights have a scale per index of axis {}. One scale, or one per "
                        "output (axis {}), is supported",
                        grid->axis, axis));
    constexpr int most_bits = 8;
    const int bits = signed_bits(grid->low, grid->high);
    if (bits > most_bits)
        node.fail(
            fmt::format("its weights are quantised to integers from {} to {}. Cells hold -127 "
                        "to 127: quantise weights to at most {} signed bits, zero point 0",
                        grid->low, grid->high, most_bits));
    return {bits, true, *grid->scale};
}

void set_scale_and_bias(DraftProduct& product, double scale) {
    product.scale.assign(static_cast<std::size_t>(product.outputs), scale);
    product.bias.assign(static_cast<std::size_t>(product.outputs), 0.0);
}

double finite_factor(const Node& node, const char* key) {
    const float value = node.real(key, 1.0F);
    if (!std::isfinite(value)) node.fail(fmt::format("attribute '{}' is not finite", key));
    return value;
}

// C of a Gemm: a scalar, [M] or [1, M], times beta.
void add_gemm_bias(const Node& node, const NodeList& list, DraftProduct& product) {
    const Constant& bias = finite_parameter(node, list, 2, "C");
    const std::size_t size = bias.reals->size();
    const bool is_row = bias.shape.size() <= 1 || (bias.shape.size() == 2 && bias.shape[0] == 1);
    if (!is_row || (size != 1 && size != product.bias.size()))
        node.fail(fmt::format("C has shape {}. It must be a constant of shape [{}] or [1, {}]",
                              shape_text(bias.shape), product.outputs, product.outputs));
    const double beta = finite_factor(node, "beta");
    for (std::size_t m = 0; m < product.bias.size(); ++m)
        product.bias[m] = beta * (*bias.reals)[size == 1 ? 0 : m];
}

}  // namespace

void lower_conv(const Node& node, const NodeList& list, DraftOperator& out) {
    DraftProduct product;
    product.weights = finite_parameter(node, list, 1, "weight");
    const Shape& weights = product.weights.shape;
    product.is_conv = true;
    product.conv = conv_geometry(node, list.shape(node, 0), weights);
    product.outputs = weights[0];
    product.depth = weights[1] * weights[2] * weights[3];
    product.weight_quantisation = weight_quantisation(node, list, 0);
    set_scale_and_bias(product, 1.0);
    if (!node.input(2).empty())
        product.bias = finite_vector(node, list, 2, "bias", product.bias.size());
    out.name = product_name(node, list);
    out.op = std::move(product);
}

void lower_gemm(const Node& node, const NodeList& list, DraftOperator& out) {
    DraftProduct product;
    product.weights = finite_parameter(node, list, 1, "B");
    product.is_depth_first = node.integer("transB", 0) == 0;
    const Shape& weights = product.weights.shape;
    product.outputs = weights[product.is_depth_first ? 1 : 0];
    product.depth = weights[product.is_depth_first ? 0 : 1];
    product.weight_quantisation = weight_quantisation(node, list, product.is_depth_first ? 1 : 0);
    set_scale_and_bias(product, finite_factor(node, "alpha"));
    if (!node.input(2).empty()) add_gemm_bias(node, list, product);
    out.name = product_name(node, list);
    out.op = std::move(product);
}

void lower_matmul(const Node& node, const NodeList& list, DraftOperator& out) {
    if (!list.is_constant(node.input(1))) return lower_computed_product(node, list, out);
    DraftProduct product;
    product.weights = finite_parameter(node, list, 1, "the right side");
    product.is_depth_first = true;
    product.outputs = product.weights.shape[1];
    product.depth = product.weights.shape[0];
    product.axis = static_cast<int>(list.shape(node, 0).size()) - 1;
    product.weight_quantisation = weight_quantisation(node, list, 1);
    set_scale_and_bias(product, 1.0);
    out.name = layer_name(node, label(list, node.input(1)), node.text(bias_label, ""));
    out.op = std::move(product);
}

}  // namespace acim::onnx_import
