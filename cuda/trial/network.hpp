// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

// The calibrated integer network: a topologically sorted DAG of typed operators. Values between
// operators are float32; only a Product looks at integers, by quantising its input with the static
// scale that calibration found. Shapes are those of one image, batch axis bound to 1, so that the
// batch may stand anywhere in the original model; images are an outer, independent index.
namespace acim {

using TensorId = int;

struct Tensor {
    std::string name;
    std::vector<int> shape;  // one image, batch axis (= 1) included; rank 1..5, C order

    std::int64_t elements() const {
        std::int64_t n = 1;
        for (int d : shape) n *= d;
        return n;
    }
};

// Static quantisation of one operand: q = clamp(rne(x / scale)), zero point 0.
struct Quantisation {
    int bits = 8;
    bool is_signed = false;  // unsigned: 0 .. 2^bits-1; signed: +-(2^(bits-1)-1)
    float scale = 1.0F;      // real value of one integer step
};

// Geometry of a convolution over [1, C, H, W]; a linear layer has none.
struct ConvGeometry {
    int groups = 1;
    int in_channels = 0, in_height = 0, in_width = 0;
    int kernel_height = 1, kernel_width = 1;
    int stride_height = 1, stride_width = 1;
    int dilation_height = 1, dilation_width = 1;
    int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
    int out_channels = 0, out_height = 0, out_width = 0;
};

// The second operand of a product of two computed tensors, as in attention: it takes the place of
// the weights, is quantised with its own static scale, and is stored in the array anew for every
// image, head by head. Heads are independent products, like the groups of a convolution.
//
// In C order the left factor is [heads][i][k], the right one [heads][k][j], the output
// [heads][i][j]. The stored one is the left (QK^T: m = i, inputs [k][p]) or the right one (AV: m = j,
// inputs [p][k], stored [k][m]).
struct StoredOperand {
    TensorId tensor = -1;  // -1: the product has constant weights
    int heads = 1;
    bool on_left = false;
    float scale = 1.0F;  // of its integers, +-(2^(weight_bits-1)-1)
};

// A layer that may run on the macro: convolution, linear over the last axis, or a product of two
// computed tensors.
// out[m, p] = float(y[m, p] * (w_scale[m] * x_scale)  + bias[m]) with y the integer-product sum.
struct Product {
    TensorId input = -1;
    TensorId output = -1;
    bool is_conv = false;
    ConvGeometry conv;  // only if is_conv
    int outputs = 0;    // M: output channels, all groups or heads together
    int depth = 0;      // K: contraction length of one group (c_per_group*kh*kw, or input features)
    Quantisation input_quantisation;
    int weight_bits = 8;
    StoredOperand stored;              // in place of the weights, which are then empty
    std::vector<std::int8_t> weights;  // [M][K], K flattened as (c, kh, kw), C order
    std::vector<float> weight_scale;   // [M]; the stored operand's, times the graph's own factor
    std::vector<float> bias;           // [M], zeros where the layer has none

    bool is_computed() const { return stored.tensor >= 0; }
    Quantisation stored_quantisation() const { return {weight_bits, true, stored.scale}; }
    // Convolution groups or heads: products with operands of their own.
    int groups() const { return is_conv ? conv.groups : stored.heads; }
};

struct Relu {
    TensorId input = -1, output = -1;
};
struct Clip {
    TensorId input = -1, output = -1;
    float low = 0.0F, high = 0.0F;
};
// Elementwise sum with numpy broadcasting resolved at import: both shapes equal, or `b` has one
// element, or `b` is constant.
struct Add {
    TensorId a = -1, b = -1, output = -1;
};
// x * scale[c] + shift[c] over axis 1: a BatchNormalization that could not be folded.
struct Affine {
    TensorId input = -1, output = -1;
    std::vector<float> scale, shift;
};
struct PoolGeometry {
    int channels = 0, in_height = 0, in_width = 0, out_height = 0, out_width = 0;
    int kernel_height = 1, kernel_width = 1, stride_height = 1, stride_width = 1;
    int pad_top = 0, pad_left = 0;
};
struct MaxPool {
    TensorId input = -1, output = -1;
    PoolGeometry pool;
};
// Sums in int64 fixed point with 2^-fraction_bits steps, one IEEE division at the end: the sum does
// not depend on its order. Global pooling is the case of a kernel as large as the map.
struct AveragePool {
    TensorId input = -1, output = -1;
    PoolGeometry pool;
    bool count_include_pad = false;
    int fraction_bits = 24;
};
// Reshape, Flatten, Squeeze, Unsqueeze: the same elements under another shape.
struct View {
    TensorId input = -1, output = -1;
};
// Values that no image changes: position embeddings, class tokens, masks. Infinite ones are allowed.
struct Constant {
    TensorId output = -1;
    std::vector<float> values;
};
// Transpose, Slice, Split, Gather of an index, Expand: output element [i0][i1]... is input element
// offset + sum of i*stride. At most six axes.
struct Rearrange {
    TensorId input = -1, output = -1;
    int offset = 0;
    std::vector<int> extents, strides;  // of the output's axes; strides in elements of the input
};
// Joins tensors along an axis: each is `outer` blocks, and the output takes one of each in turn.
struct Concat {
    std::vector<TensorId> inputs;
    TensorId output = -1;
    int outer = 1;
};
// Softmax or its logarithm over the middle axis of [outer][length][inner].
struct Softmax {
    TensorId input = -1, output = -1;
    int length = 1, inner = 1;
    bool is_log = false;
};
// (x - mean) / sqrt(variance + epsilon) * scale + shift over the last axis (Ba et al. 2016); without
// centring the mean is not subtracted (root-mean-square norm, Zhang and Sennrich 2019).
struct LayerNorm {
    TensorId input = -1, output = -1;
    bool is_centred = true;
    float epsilon = 1e-5F;
    std::vector<float> scale, shift;  // [length]
};
// One value at a time; a and b are the function's own parameters.
enum class FunctionKind {
    sigmoid,
    tanh,
    erf,
    gelu,          // x*Phi(x)
    gelu_tanh,     // its approximation by tanh
    silu,          // x*sigmoid(x)
    hard_sigmoid,  // clip(a*x + b, 0, 1)
    hard_swish,    // x*clip(x/6 + 1/2, 0, 1)
    leaky_relu,    // a*x below 0
    elu,           // a*(exp(x) - 1) below 0
    exp,
    log,
    sqrt,
    reciprocal,
    absolute
};
struct Function {
    TensorId input = -1, output = -1;
    FunctionKind kind = FunctionKind::sigmoid;
    float a = 0.0F, b = 0.0F;
};
enum class BinaryKind { add, subtract, multiply, divide, minimum, maximum };
// Elementwise of two tensors, numpy broadcasting resolved at import: element [i0][i1]... of the
// output takes element sum of i*stride of each operand. At most five axes. (An Add of equal shapes
// or of one element is `Add`.)
struct Binary {
    TensorId a = -1, b = -1, output = -1;
    BinaryKind kind = BinaryKind::add;
    std::vector<int> extents, a_strides, b_strides;
};
// Rows of a table chosen by the input's values, which are rounded and held in 0 .. rows-1.
struct Embedding {
    TensorId input = -1, output = -1;
    int width = 1;
    std::vector<float> table;  // [rows][width]
};
// To integers and back: a quantisation that the model file states where no product reads it.
struct Requantise {
    TensorId input = -1, output = -1;
    Quantisation quantisation;
};

using Operation =
    std::variant<Product, Relu, Clip, Add, Affine, MaxPool, AveragePool, View, Constant, Rearrange,
                 Concat, Softmax, LayerNorm, Function, Binary, Embedding, Requantise>;

// The tensors that one kind of operator reads; kinds of the float graph are like these.
template <class Kind>
std::vector<TensorId> operands_of_kind(const Kind& op) {
    if constexpr (requires { op.inputs; }) {
        return op.inputs;
    } else if constexpr (requires { op.stored; }) {
        return op.is_computed() ? std::vector{op.input, op.stored.tensor} : std::vector{op.input};
    } else if constexpr (requires { op.input; }) {
        return {op.input};
    } else if constexpr (requires { op.a; }) {
        return {op.a, op.b};
    } else {
        return {};
    }
}

// The tensors that an operator reads, and the one that it writes.
template <class AnyOperation>
std::vector<TensorId> operands_of(const AnyOperation& operation) {
    return std::visit([](const auto& op) { return operands_of_kind(op); }, operation);
}
template <class AnyOperation>
TensorId output_of(const AnyOperation& operation) {
    return std::visit([](const auto& op) { return op.output; }, operation);
}

struct Operator {
    std::string name;  // node name of the model file; MAC layers are matched by it
    Operation op;
};

struct QuantizedNetwork {
    std::string hash;  // SHA-256 (hex) of its content, without this field
    std::vector<Tensor> tensors;
    std::vector<Operator> operators;  // topological order
    TensorId input = -1;
    TensorId output = -1;
    int classes = 0;

    // Vectors of `classes` logits that one image gives, one behind the other: 1, or the T positions
    // of a network whose output is [1, T, classes].
    int positions() const {
        return static_cast<int>(tensors[static_cast<std::size_t>(output)].elements() / classes);
    }

    // Indices into `operators` of the MAC layers, in order; the position in this list is the layer
    // number of random counters and never depends on which layers are analog.
    std::vector<int> mac_layers() const {
        std::vector<int> out;
        for (int i = 0; i < static_cast<int>(operators.size()); ++i)
            if (std::holds_alternative<Product>(operators[i].op)) out.push_back(i);
        return out;
    }
};

}  // namespace acim
