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

// A layer that may run on the macro: convolution, or linear over the last axis.
// out[m, p] = float(y[m, p] * (w_scale[m] * x_scale)  + bias[m]) with y the integer-product sum.
struct Product {
    TensorId input = -1;
    TensorId output = -1;
    bool is_conv = false;
    ConvGeometry conv;  // only if is_conv
    int outputs = 0;    // M: output channels, all groups together
    int depth = 0;      // K: contraction length of one group (c_per_group*kh*kw, or input features)
    Quantisation input_quantisation;
    int weight_bits = 8;
    std::vector<std::int8_t> weights;  // [M][K], K flattened as (c, kh, kw), C order
    std::vector<float> weight_scale;   // [M]
    std::vector<float> bias;           // [M], zeros where the layer has none
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

using Operation = std::variant<Product, Relu, Clip, Add, Affine, MaxPool, AveragePool, View>;

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
