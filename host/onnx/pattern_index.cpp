// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/pattern_index.hpp"

namespace acim::onnx_import {

PatternIndex::PatternIndex(const NodeList& list) : output_(list.output) {
    for (int i = 0; i < static_cast<int>(list.nodes.size()); ++i) {
        producers_[list.nodes[i].outputs.front()] = i;
        for (const std::string& name : list.nodes[i].inputs) {
            if (name.empty() || list.is_constant(name)) continue;
            std::vector<int>& all = readers_[name];
            if (all.empty() || all.back() != i) all.push_back(i);
        }
    }
}

int PatternIndex::producer(const std::string& name) const {
    const auto found = producers_.find(name);
    return found == producers_.end() ? -1 : found->second;
}

const std::vector<int>& PatternIndex::readers(const std::string& name) const {
    static const std::vector<int> none;
    const auto found = readers_.find(name);
    return found == readers_.end() ? none : found->second;
}

std::size_t PatternIndex::uses(const std::string& name) const {
    return readers(name).size() + (name == output_ ? 1 : 0);
}

}  // namespace acim::onnx_import
