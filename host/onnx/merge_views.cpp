// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/draft_passes.hpp"

namespace acim::onnx_import {
namespace {

bool is_view(const DraftOperator& op) { return std::holds_alternative<View>(op.op); }

void drop_unread_views(Draft& draft) {
    auto readers = count_readers(draft);
    std::vector<DraftOperator> kept;
    for (auto op = draft.operators.rbegin(); op != draft.operators.rend(); ++op) {
        if (is_view(*op) && readers[op->output] == 0) {
            --readers[op->inputs.front()];
            continue;
        }
        kept.push_back(std::move(*op));
    }
    draft.operators.assign(std::make_move_iterator(kept.rbegin()),
                           std::make_move_iterator(kept.rend()));
}

}  // namespace

void merge_views(Draft& draft) {
    std::unordered_map<std::string, std::string> source;  // view -> what the first of its row reads
    std::unordered_map<std::string, std::string> same;    // removed value -> the equal one
    const auto replace = [&](std::string& name) {
        const auto found = same.find(name);
        if (found != same.end()) name = found->second;
    };
    for (DraftOperator& op : draft.operators) {
        for (std::string& name : op.inputs) replace(name);
        if (!is_view(op)) continue;
        const auto earlier = source.find(op.inputs.front());
        if (earlier != source.end()) op.inputs.front() = earlier->second;
        source[op.output] = op.inputs.front();
        if (draft.shapes.at(op.output) == draft.shapes.at(op.inputs.front()))
            same[op.output] = op.inputs.front();
    }
    replace(draft.output);
    drop_unread_views(draft);
}

}  // namespace acim::onnx_import
