// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cuda/trial/network.hpp"

namespace acim {

// What a model file says about the integers of a product's operand (QuantizeLinear, Quant). Weights
// may have a scale per output channel.
struct StatedQuantisation {
    int bits = 0;  // 0: the file says nothing, calibration decides
    bool is_signed = true;
    std::vector<float> scale;  // one, or [M]

    bool is_stated() const { return bits > 0; }
};

// A convolution or linear layer in float, BatchNormalization folded in where it could be, or a
// product of two computed tensors.
struct FloatProduct {
    TensorId input = -1;
    TensorId output = -1;
    bool is_conv = false;
    ConvGeometry conv;           // only if is_conv
    int outputs = 0;             // M: output channels, all groups together
    int depth = 0;               // K: contraction length of one group
    StoredOperand stored;        // in place of weights; its scale means nothing here
    float factor = 1.0F;         // of a product of two computed tensors: the graph's own
    std::vector<float> weights;  // [M][K], K flattened as (c, kh, kw), C order
    std::vector<float> bias;     // [M], zeros where the layer has none
    StatedQuantisation input_quantisation, weight_quantisation;

    bool is_computed() const { return stored.tensor >= 0; }
    int groups() const { return is_conv ? conv.groups : stored.heads; }
};

using FloatOperation =
    std::variant<FloatProduct, Relu, Clip, Add, Affine, MaxPool, AveragePool, View, Constant,
                 Rearrange, Concat, Softmax, LayerNorm, Function, Binary, Embedding, Requantise>;

struct FloatOperator {
    // MAC layers carry the name users know: the weight's name without ".weight" (conv1,
    // layer1.0.conv1), else the node's name without its leading "/" and trailing operator type;
    // products of two computed tensors that of their module with ".qk", ".av" or ".matmul".
    std::string name;
    FloatOperation op;
};

// The imported network after clean-up: topologically sorted, shapes for one image (batch = 1).
struct FloatGraph {
    std::vector<Tensor> tensors;
    std::vector<FloatOperator> operators;
    TensorId input = -1;
    TensorId output = -1;

    // Vectors of logits that the output holds: T where it is [1, T, V], else 1.
    int positions() const {
        const std::vector<int>& shape = tensors[static_cast<std::size_t>(output)].shape;
        return shape.size() == 3 && shape[0] == 1 && shape[2] > 1 ? shape[1] : 1;
    }
    // Logits of a vector.
    int classes() const {
        return static_cast<int>(tensors[static_cast<std::size_t>(output)].elements() / positions());
    }
};

}  // namespace acim
