// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cuda/trial/network.hpp"

namespace acim {

// A convolution or linear layer in float, BatchNormalization folded in where it could be.
struct FloatProduct {
    TensorId input = -1;
    TensorId output = -1;
    bool is_conv = false;
    ConvGeometry conv;           // only if is_conv
    int outputs = 0;             // M: output channels, all groups together
    int depth = 0;               // K: contraction length of one group
    std::vector<float> weights;  // [M][K], K flattened as (c, kh, kw), C order
    std::vector<float> bias;     // [M], zeros where the layer has none
};

using FloatOperation =
    std::variant<FloatProduct, Relu, Clip, Add, Affine, MaxPool, AveragePool, View>;

struct FloatOperator {
    // MAC layers carry the name users know: the weight's name without ".weight" (conv1,
    // layer1.0.conv1), else the node's name without its leading "/" and trailing operator type.
    std::string name;
    FloatOperation op;
};

// The imported network after clean-up: topologically sorted, shapes for one image (batch = 1).
struct FloatGraph {
    std::vector<Tensor> tensors;
    std::vector<FloatOperator> operators;
    TensorId input = -1;
    TensorId output = -1;
};

}  // namespace acim
