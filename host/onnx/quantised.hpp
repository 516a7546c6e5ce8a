// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// What a node that quantises gives: a value that is known (a constant, or integers between
// QuantizeLinear and DequantizeLinear), or nodes that stand for it.
struct Quantised {
    std::optional<Value> value;
    std::vector<Node> nodes;
};

// QuantizeLinear, DequantizeLinear, QONNX's Quant, and Clip between the first two.
bool is_quantising(const Node& node, const NodeList& list);
Quantised quantise_node(const Node& node, NodeList& list);
const std::vector<std::string>& quantising_types();

// Fails if the node computes on integers that DequantizeLinear should have turned back.
void check_no_integers(const Node& node, const NodeList& list);

// Bits of the smallest signed range that holds low .. high, the lowest two's complement integer
// counted in: the engine's symmetric range leaves it out, and saturates.
int signed_bits(std::int64_t low, std::int64_t high);

}  // namespace acim::onnx_import
