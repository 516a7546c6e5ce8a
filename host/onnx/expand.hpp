// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Nodes that take the place of one node. Each value between them has a fresh name; the last node
// writes the first output of the node that they replace. `name` of the main node is kept, so that
// layers keep theirs. Nodes, names and lists are paid for like computed constants (NodeList::spend),
// as one node may become thousands.
class Expansion {
public:
    Expansion(const Node& from, NodeList& list) : from_(from), list_(list) {}

    using Attributes = std::map<std::string, Attribute>;
    // Adds a node and returns the name of its output.
    std::string add(const std::string& type, std::vector<std::string> inputs,
                    Attributes attributes = {});
    // Adds the node that writes an output of the replaced one: the first, or another.
    void finish(const std::string& type, std::vector<std::string> inputs,
                Attributes attributes = {}, std::size_t output = 0);
    std::string constant(Constant value);  // its elements are paid for by the caller
    std::string integers(const std::vector<std::int64_t>& values);
    std::string number(float value);  // a scalar

    NodeList& list() { return list_; }
    std::vector<Node> take() { return std::move(nodes_); }

private:
    void push(Node node);

    const Node& from_;
    NodeList& list_;
    std::vector<Node> nodes_;
};

// The simpler nodes that compute the same, in order; none if the node stays. The shapes of its inputs
// are known. They are resolved like nodes of the file, so what is constant among them is folded.
std::vector<Node> expand(const Node& node, NodeList& list);

// Operators that only live on as others.
const std::vector<std::string>& expanded_types();

}  // namespace acim::onnx_import
