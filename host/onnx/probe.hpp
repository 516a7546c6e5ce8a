// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <set>

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Operators that a probe evaluates, and those of them that a group must hold to be worth a look.
bool is_probe_type(const std::string& type);
bool is_probe_seed(const std::string& type);

// The operator that a group of nodes computes.
struct Match {
    std::string type;
    std::map<std::string, Attribute> attributes;
};

// Values computed from one value x on fixed probe numbers: eight lines of eight elements, from
// 1e-3 to 6 in size, so that an epsilon under a root shows. Means are taken over the lines, which
// stand for the given axes of x.
class Probe {
public:
    Probe(const NodeList& list, std::string x, std::vector<int> axes);

    // True if the node's inputs are known here (and scalar constants), and it can be computed.
    bool evaluate(const Node& node);
    // The function of x that a value is.
    std::optional<Match> match(const std::string& y) const;

private:
    static constexpr std::size_t lines = 8, length = 8;
    using Values = std::array<double, lines * length>;

    std::optional<Values> operand(const std::string& name) const;
    std::optional<Match> match_function(const Values& y) const;
    std::optional<Match> match_norm(const Values& y) const;

    const NodeList& list_;
    std::string x_;
    std::vector<int> axes_;
    Shape shape_, reduced_;
    std::unordered_map<std::string, Values> values_;
    std::set<float> numbers_;  // constants added on the way: what an epsilon may be
};

}  // namespace acim::onnx_import
