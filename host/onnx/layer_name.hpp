// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// The name of a layer with weights as its author knows it: that of the weight without ".weight", or
// of the bias without ".bias", else of the module path in the node's name ("/layer1/layer1.0/conv1/
// Conv" is layer1.0.conv1), else the node's own.
std::string layer_name(const Node& node, const std::string& weight_label,
                       const std::string& bias_label);

// The node's name without a leading "/", or the operator's type.
std::string node_name(const Node& node);

// Makes names differ: the second "conv1" becomes conv1_2.
class UniqueNames {
public:
    std::string take(const std::string& name);

private:
    std::unordered_set<std::string> taken_;
    std::unordered_map<std::string, int> last_;
};

}  // namespace acim::onnx_import
