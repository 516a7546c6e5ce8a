// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "cuda/trial/network.hpp"
#include "host/onnx/constant.hpp"

namespace acim::onnx_import {

// The graph between ONNX nodes and FloatGraph: typed operators whose parameters are still doubles,
// so that folding rounds once, at the end. Values are named as in the file.

// out[m] = scale[m] * sum_k weights[m][k] * x[k] + bias[m]
struct DraftProduct {
    bool is_conv = false;
    ConvGeometry conv;  // only if is_conv
    int outputs = 0;    // M
    int depth = 0;      // K
    int axis = 1;       // where the M outputs stand in the output tensor
    Constant weights;   // [M][K], or [K][M] if is_depth_first
    bool is_depth_first = false;
    std::vector<double> scale;  // [M]
    std::vector<double> bias;   // [M]
};

// out = scale[c] * x + shift[c], c along `axis`; one value for all elements if the vectors have
// one element.
struct DraftAffine {
    int axis = 1;
    std::vector<double> scale, shift;
};

using DraftOperation =
    std::variant<DraftProduct, DraftAffine, Relu, Clip, Add, MaxPool, AveragePool, View>;

// The input and output fields of `op` are not used; names are, until finish gives out ids.
struct DraftOperator {
    std::string name;   // for users: a layer or a node
    std::string place;  // for messages
    std::vector<std::string> inputs;
    std::string output;
    DraftOperation op;
};

struct Draft {
    std::vector<DraftOperator> operators;  // topological order
    std::unordered_map<std::string, Shape> shapes;
    std::string input, output;
};

// For every value the number of operators that read it; the graph's output counts as one reader.
std::unordered_map<std::string, int> count_readers(const Draft& draft);

}  // namespace acim::onnx_import
