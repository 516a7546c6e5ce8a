// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// Who writes and who reads each value of a resolved node list, by the nodes' positions.
class PatternIndex {
public:
    explicit PatternIndex(const NodeList& list);

    // -1 for the input and for constants.
    int producer(const std::string& name) const;
    const std::vector<int>& readers(const std::string& name) const;  // ascending
    // Readers, the graph's output counted as one.
    std::size_t uses(const std::string& name) const;

private:
    std::string output_;
    std::unordered_map<std::string, int> producers_;
    std::unordered_map<std::string, std::vector<int>> readers_;
};

}  // namespace acim::onnx_import
