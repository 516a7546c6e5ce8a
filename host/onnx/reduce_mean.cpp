// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/rewrites.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

bool is_mean_over_map(const Node& node, const NodeList& list) {
    if (node.type != "ReduceMean") return false;
    return list.shape(node, 0).size() == 4 && reduced_axes(node, list, 4) == std::vector<int>{2, 3};
}

}  // namespace

void rewrite_reduce_mean(NodeList& list) {
    std::vector<Node> nodes;
    for (Node& node : list.nodes) {
        if (!is_mean_over_map(node, list)) {
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
        const std::string between = list.fresh(node.outputs.front() + "_mean");
        list.values[between] = {{1, image[1], 1, 1}, std::nullopt, "", std::nullopt};
        pool.outputs = {between};
        nodes.push_back(std::move(pool));
        const std::string name = node.name.empty() ? "" : node.name + "_flat";
        nodes.push_back({name, "Flatten", {between}, {node.outputs.front()}, {}});
    }
    list.nodes = std::move(nodes);
}

}  // namespace acim::onnx_import
