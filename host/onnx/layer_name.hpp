// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// The end of the name of nn.MultiheadAttention's packed bias; its layer is called "in_proj".
inline constexpr std::string_view packed_bias = ".in_proj_bias";

// The name of a layer with weights as its author knows it: that of the weight without ".weight", or
// of the bias without ".bias", else of the module path in the node's name ("/layer1/layer1.0/conv1/
// Conv" is layer1.0.conv1), else the node's own.
std::string layer_name(const Node& node, const std::string& weight_label,
                       const std::string& bias_label);

// The name of a product of two computed tensors: the module path, then what it does ("attn.qk").
std::string computed_layer_name(const Node& node, const std::string& role);

// The node's name without a leading "/", or the operator's type.
std::string node_name(const Node& node);

}  // namespace acim::onnx_import
