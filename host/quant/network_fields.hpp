// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "cuda/trial/network.hpp"

// The one list of what operators consist of: hash, writer and reader all walk it in this order, so
// that none of them can forget a field. A visitor is called as visit(name, field); fields are int
// (tensor ids too), bool, float, enums, vector<int>, vector<float> and vector<int8_t>. Fields that
// some operators of a type do not have stand behind visit.has(name of the first, is there).
namespace acim {

template <class T, class U>
concept Same = std::is_same_v<std::remove_const_t<T>, U>;

template <Same<ConvGeometry> T, class Visit>
void visit_fields(T& g, Visit&& visit) {
    visit("groups", g.groups);
    visit("in_channels", g.in_channels);
    visit("in_height", g.in_height);
    visit("in_width", g.in_width);
    visit("kernel_height", g.kernel_height);
    visit("kernel_width", g.kernel_width);
    visit("stride_height", g.stride_height);
    visit("stride_width", g.stride_width);
    visit("dilation_height", g.dilation_height);
    visit("dilation_width", g.dilation_width);
    visit("pad_top", g.pad_top);
    visit("pad_left", g.pad_left);
    visit("pad_bottom", g.pad_bottom);
    visit("pad_right", g.pad_right);
    visit("out_channels", g.out_channels);
    visit("out_height", g.out_height);
    visit("out_width", g.out_width);
}

template <Same<PoolGeometry> T, class Visit>
void visit_fields(T& g, Visit&& visit) {
    visit("channels", g.channels);
    visit("in_height", g.in_height);
    visit("in_width", g.in_width);
    visit("out_height", g.out_height);
    visit("out_width", g.out_width);
    visit("kernel_height", g.kernel_height);
    visit("kernel_width", g.kernel_width);
    visit("stride_height", g.stride_height);
    visit("stride_width", g.stride_width);
    visit("pad_top", g.pad_top);
    visit("pad_left", g.pad_left);
}

// The geometry of a linear layer means nothing and is left out.
template <Same<Product> T, class Visit>
void visit_fields(T& p, Visit&& visit) {
    visit("input", p.input);
    visit("output", p.output);
    visit("is_conv", p.is_conv);
    if (p.is_conv) visit_fields(p.conv, visit);
    visit("outputs", p.outputs);
    visit("depth", p.depth);
    visit("activation_bits", p.input_quantisation.bits);
    visit("activation_signed", p.input_quantisation.is_signed);
    visit("activation_scale", p.input_quantisation.scale);
    visit("weight_bits", p.weight_bits);
    // Products with constant weights are written, and hashed, as if there were no other kind.
    if (visit.has("stored", p.is_computed())) {
        visit("stored", p.stored.tensor);
        visit("heads", p.stored.heads);
        visit("stored_on_left", p.stored.on_left);
        visit("stored_scale", p.stored.scale);
    }
    visit("weights", p.weights);
    visit("weight_scale", p.weight_scale);
    visit("bias", p.bias);
}

template <Same<Relu> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
}

template <Same<Clip> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("low", op.low);
    visit("high", op.high);
}

template <Same<Add> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("a", op.a);
    visit("b", op.b);
    visit("output", op.output);
}

template <Same<Affine> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("scale", op.scale);
    visit("shift", op.shift);
}

template <Same<MaxPool> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit_fields(op.pool, visit);
}

template <Same<AveragePool> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit_fields(op.pool, visit);
    visit("count_include_pad", op.count_include_pad);
    visit("fraction_bits", op.fraction_bits);
}

template <Same<View> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
}

template <Same<Constant> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("output", op.output);
    visit("values", op.values);
}

template <Same<Rearrange> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("offset", op.offset);
    visit("extents", op.extents);
    visit("strides", op.strides);
}

template <Same<Concat> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("inputs", op.inputs);
    visit("output", op.output);
    visit("outer", op.outer);
}

template <Same<Softmax> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("length", op.length);
    visit("inner", op.inner);
    visit("is_log", op.is_log);
}

template <Same<LayerNorm> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("is_centred", op.is_centred);
    visit("epsilon", op.epsilon);
    visit("scale", op.scale);
    visit("shift", op.shift);
}

template <Same<Function> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("function", op.kind);
    visit("a", op.a);
    visit("b", op.b);
}

template <Same<Binary> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("a", op.a);
    visit("b", op.b);
    visit("output", op.output);
    visit("function", op.kind);
    visit("extents", op.extents);
    visit("a_strides", op.a_strides);
    visit("b_strides", op.b_strides);
}

template <Same<Embedding> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("width", op.width);
    visit("table", op.table);
}

template <Same<Requantise> T, class Visit>
void visit_fields(T& op, Visit&& visit) {
    visit("input", op.input);
    visit("output", op.output);
    visit("bits", op.quantisation.bits);
    visit("is_signed", op.quantisation.is_signed);
    visit("scale", op.quantisation.scale);
}

// Name of an operator type in files, in the order of the variant.
inline constexpr const char* operation_names[] = {
    "product",      "relu",     "clip",     "add",       "affine",    "max_pool",
    "average_pool", "view",     "constant", "rearrange", "concat",    "softmax",
    "layer_norm",   "function", "binary",   "embedding", "requantise"};
static_assert(std::size(operation_names) == std::variant_size_v<Operation>);

// The same of functions, in the order of their enums.
inline constexpr const char* function_names[] = {
    "sigmoid",    "tanh", "erf", "gelu", "gelu_tanh", "silu",       "hard_sigmoid", "hard_swish",
    "leaky_relu", "elu",  "exp", "log",  "sqrt",      "reciprocal", "absolute"};
static_assert(std::size(function_names) == static_cast<std::size_t>(FunctionKind::absolute) + 1);
inline constexpr const char* binary_names[] = {"add",    "subtract", "multiply",
                                               "divide", "minimum",  "maximum"};
static_assert(std::size(binary_names) == static_cast<std::size_t>(BinaryKind::maximum) + 1);

}  // namespace acim
