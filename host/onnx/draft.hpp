// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "host/onnx/constant.hpp"
#include "host/onnx/graph.hpp"

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
    StatedQuantisation input_quantisation;
    StatedQuantisation weight_quantisation;  // scales as in the file, before `scale`
};

// A product of two computed tensors times a factor; its inputs are the driving and the stored one.
struct DraftComputed {
    int heads = 1;
    int outputs = 0;  // M, all heads together
    int depth = 0;    // K
    bool is_left_stored = false;
    double factor = 1.0;
    StatedQuantisation input_quantisation, stored_quantisation;
};

// A layer norm whose scale and shift an affine map behind it may still change.
struct DraftNorm {
    bool is_centred = true;
    float epsilon = 0.0F;
    std::vector<double> scale, shift;  // [length]
};

// out = scale[c] * x + shift[c], c along `axis`; one value for all elements if the vectors have
// one element.
struct DraftAffine {
    int axis = 1;
    std::vector<double> scale, shift;
};

using DraftOperation = std::variant<DraftProduct, DraftAffine, DraftComputed, DraftNorm, Relu, Clip,
                                    Add, MaxPool, AveragePool, View, acim::Constant, Rearrange,
                                    Concat, Softmax, Function, Binary, Embedding, Requantise>;

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

// A folded parameter as the engine stores it; a Problem if float32 cannot hold it.
float rounded_parameter(double value, const DraftOperator& from);
std::vector<float> rounded_parameters(const std::vector<double>& values, const DraftOperator& from);

// Extents and strides without axes that need none: those of extent 1 and those that the next one
// continues for every operand. strides[o][axis] belong to operand o.
void join_axes(std::vector<int>& extents, std::vector<std::vector<int>>& strides);

// A binary operator on operands of these shapes, broadcast to `out`, its axes joined.
Binary make_binary(BinaryKind kind, const Shape& out, const Shape& a, const Shape& b);

// For every value the number of operators that read it; the graph's output counts as one reader.
std::unordered_map<std::string, int> count_readers(const Draft& draft);

}  // namespace acim::onnx_import
