// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/draft.hpp"

namespace acim::onnx_import {

std::unordered_map<std::string, int> count_readers(const Draft& draft) {
    std::unordered_map<std::string, int> readers;
    for (const DraftOperator& op : draft.operators)
        for (const std::string& name : op.inputs) ++readers[name];
    ++readers[draft.output];
    return readers;
}

}  // namespace acim::onnx_import
