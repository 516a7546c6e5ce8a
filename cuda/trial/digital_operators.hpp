// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <type_traits>
#include <vector>

#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/function.hpp"
#include "cuda/model/digital/pool.hpp"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/trial/network.hpp"

// Loops over one image for the operators between products; the arithmetic is cuda/model/digital.
// Inputs and outputs are in C order and do not overlap.
namespace acim {

using Values = std::span<const float>;
using MutableValues = std::span<float>;

// What output (oy, ox) of a pooling layer looks at.
ACIM_HD inline digital::PoolWindow window_at(const PoolGeometry& p, int oy, int ox) {
    return {digital::pool_range(oy, p.kernel_height, p.stride_height, p.pad_top, p.in_height),
            digital::pool_range(ox, p.kernel_width, p.stride_width, p.pad_left, p.in_width)};
}

ACIM_HD inline float apply(FunctionKind kind, float x, float a, float b) {
    switch (kind) {
        case FunctionKind::sigmoid:
            return digital::sigmoid(x);
        case FunctionKind::tanh:
            return digital::tanh_value(x);
        case FunctionKind::erf:
            return digital::erf_value(x);
        case FunctionKind::gelu:
            return digital::gelu(x);
        case FunctionKind::gelu_tanh:
            return digital::gelu_tanh(x);
        case FunctionKind::silu:
            return digital::silu(x);
        case FunctionKind::hard_sigmoid:
            return digital::hard_sigmoid(x, a, b);
        case FunctionKind::hard_swish:
            return digital::hard_swish(x);
        case FunctionKind::leaky_relu:
            return digital::leaky_relu(x, a);
        case FunctionKind::elu:
            return digital::elu(x, a);
        case FunctionKind::exp:
            return digital::exp_value(x);
        case FunctionKind::log:
            return digital::log_value(x);
        case FunctionKind::sqrt:
            return digital::sqrt_value(x);
        case FunctionKind::reciprocal:
            return digital::reciprocal(x);
        case FunctionKind::absolute:
            return digital::absolute(x);
    }
    return x;
}

ACIM_HD inline float apply(BinaryKind kind, float a, float b) {
    switch (kind) {
        case BinaryKind::add:
            return digital::add(a, b);
        case BinaryKind::subtract:
            return digital::subtract(a, b);
        case BinaryKind::multiply:
            return digital::multiply(a, b);
        case BinaryKind::divide:
            return digital::divide(a, b);
        case BinaryKind::minimum:
            return digital::lesser(a, b);
        case BinaryKind::maximum:
            return digital::greater(a, b);
    }
    return a;
}

// Row of an Embedding's table of `rows` rows.
ACIM_HD inline int embedding_row(float x, int rows) {
    return digital::quantise(x, 1.0F, 0, rows - 1);
}

void run(const Relu& op, Values in, MutableValues out);
void run(const Clip& op, Values in, MutableValues out);
// b has as many elements as a, or one.
void run(const Add& op, Values a, Values b, MutableValues out);
// Channel = axis 1: [1, C, ...], so that C = scale.size() blocks of equal length follow each other.
void run(const Affine& op, Values in, MutableValues out);
void run(const MaxPool& op, Values in, MutableValues out);
void run(const AveragePool& op, Values in, MutableValues out);
void run(const View& op, Values in, MutableValues out);
void run(const Rearrange& op, Values in, MutableValues out);
void run(const Concat& op, const std::vector<std::vector<float>>& values, MutableValues out);
void run(const Softmax& op, Values in, MutableValues out);
void run(const LayerNorm& op, Values in, MutableValues out);
void run(const Function& op, Values in, MutableValues out);
void run(const Binary& op, Values a, Values b, MutableValues out);
void run(const Embedding& op, Values in, MutableValues out);
void run(const Requantise& op, Values in, MutableValues out);

// Writes the values of every Constant into its tensor, once for all images.
template <class Operators>
void fill_constants(const Operators& operators, std::vector<std::vector<float>>& values) {
    for (const auto& node : operators)
        if (const auto* constant = std::get_if<Constant>(&node.op))
            values[constant->output] = constant->values;
}

// Any operator but a product and a Constant, on the tensors of one image.
template <class Op>
void run_digital(const Op& op, std::vector<std::vector<float>>& values) {
    MutableValues out = values[op.output];
    if constexpr (std::is_same_v<Op, Concat>) {
        run(op, values, out);
    } else if constexpr (std::is_same_v<Op, Add> || std::is_same_v<Op, Binary>) {
        run(op, values[op.a], values[op.b], out);
    } else {
        run(op, values[op.input], out);
    }
}

}  // namespace acim
