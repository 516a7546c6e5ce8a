// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/onnx/layer_name.hpp"
#include "host/onnx/pattern_index.hpp"
#include "host/onnx/rewrites.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

constexpr int most_steps = 12;  // scale, mask, views and quantisation between product and Softmax

// What may stand between a product and the Softmax: operators that keep the scores scores.
bool is_passed(const std::string& type) {
    static const std::vector<std::string> types{
        "Add", "Clip",  "Div", "Expand",    "Max",
        "Mul", "Slice", "Sub", "Transpose", "acim.Requantise"};
    return is_view_type(type) || std::find(types.begin(), types.end(), type) != types.end();
}

// The first computed input.
const std::string* computed_input(const Node& node, const NodeList& list) {
    for (const std::string& name : node.inputs)
        if (!name.empty() && !list.is_constant(name)) return &name;
    return nullptr;
}

bool comes_from_softmax(const NodeList& list, const PatternIndex& index, const std::string& name) {
    const std::string* from = &name;
    for (int step = 0; step < most_steps && from; ++step) {
        const int at = index.producer(*from);
        if (at < 0) return false;
        const Node& node = list.nodes[at];
        if (node.type == "Softmax") return true;
        if (!is_passed(node.type)) return false;
        from = computed_input(node, list);
    }
    return false;
}

bool leads_to_softmax(const NodeList& list, const PatternIndex& index, const std::string& name) {
    const std::string* from = &name;
    for (int step = 0; step < most_steps; ++step) {
        const std::vector<int>& readers = index.readers(*from);
        if (readers.empty()) return false;
        const Node& node = list.nodes[readers.front()];
        if (node.type == "Softmax") return true;
        if (!is_passed(node.type)) return false;
        from = &node.outputs.front();
    }
    return false;
}

// The packed weights of nn.MultiheadAttention lose their name when an exporter folds a Transpose; the
// bias behind them keeps it.
void mark_packed(const NodeList& list, const PatternIndex& index, Node& node) {
    const std::string& product = node.outputs.front();
    if (index.uses(product) != 1 || index.readers(product).empty()) return;
    const Node& reader = list.nodes[index.readers(product).front()];
    if (reader.type != "Add") return;
    for (const std::string& name : reader.inputs) {
        const Value* value = list.find(name);  // none where an input is left out
        if (value && value->label.ends_with(packed_bias))
            node.attributes[bias_label] = value->label;
    }
}

}  // namespace

void mark_attention(NodeList& list) {
    const PatternIndex index(list);
    for (Node& node : list.nodes) {
        if (node.type != "MatMul") continue;
        if (list.is_constant(node.input(1))) {
            mark_packed(list, index, node);
            continue;
        }
        std::string role = "matmul";
        if (comes_from_softmax(list, index, node.input(0)))
            role = "av";
        else if (leads_to_softmax(list, index, node.outputs.front()))
            role = "qk";
        node.attributes[attention_role] = role;
    }
}

}  // namespace acim::onnx_import
