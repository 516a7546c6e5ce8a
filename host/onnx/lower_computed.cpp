// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/layer_name.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/rewrites.hpp"

namespace acim::onnx_import {

// Scores store the queries and values the values, as attention accelerators do: what the Softmax
// gives is unsigned and drives the rows. Other products store their left factor.
void lower_computed_product(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& a = list.shape(node, 0);
    const Shape& b = list.shape(node, 1);
    const std::string role = node.text(attention_role, "matmul");
    DraftComputed product;
    product.is_left_stored = role != "av";
    const std::int64_t heads = elements({a.begin(), a.end() - 2});
    const std::int64_t outputs = heads * (product.is_left_stored ? a[a.size() - 2] : b.back());
    product.heads = static_cast<int>(heads);
    product.outputs = static_cast<int>(outputs);
    product.depth = a.back();
    out.name = computed_layer_name(node, role);
    out.inputs = {node.input(product.is_left_stored ? 1 : 0),
                  node.input(product.is_left_stored ? 0 : 1)};
    out.op = std::move(product);
}

}  // namespace acim::onnx_import
