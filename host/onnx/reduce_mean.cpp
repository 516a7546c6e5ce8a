// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/rewrites.hpp"

namespace acim::onnx_import {
namespace {

// A name for a value between two new nodes that no value of the file has.
std::string fresh_name(const NodeList& list, const std::string& base) {
    std::string name = base;
    while (list.values.contains(name)) name += "_";
    return name;
}

}  // namespace

void rewrite_reduce_mean(NodeList& list) {
    std::vector<Node> nodes;
    for (Node& node : list.nodes) {
        if (node.type != "ReduceMean") {
            nodes.push_back(std::move(node));
            continue;
        }
        const Shape image = list.shape(node, 0);
        Node pool{
            node.name, "GlobalAveragePool", {node.inputs.front()}, {node.outputs.front()}, {}};
        if (list.values.at(node.outputs.front()).shape.size() == 4) {
            nodes.push_back(std::move(pool));
            continue;
        }
        const std::string between = fresh_name(list, node.outputs.front() + "_mean");
        list.values[between] = {{1, image[1], 1, 1}, std::nullopt, ""};
        pool.outputs = {between};
        nodes.push_back(std::move(pool));
        const std::string name = node.name.empty() ? "" : node.name + "_flat";
        nodes.push_back({name, "Flatten", {between}, {node.outputs.front()}, {}});
    }
    list.nodes = std::move(nodes);
}

}  // namespace acim::onnx_import
