// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/draft_passes.hpp"

namespace acim::onnx_import {
namespace {

bool is_view(const DraftOperator& op) { return std::holds_alternative<View>(op.op); }

bool is_rearrange(const DraftOperator& op) { return std::holds_alternative<Rearrange>(op.op); }

void drop_unread(Draft& draft) {
    auto readers = count_readers(draft);
    std::vector<DraftOperator> kept;
    for (auto op = draft.operators.rbegin(); op != draft.operators.rend(); ++op) {
        if (readers[op->output] == 0) {
            for (const std::string& name : op->inputs) --readers[name];
            continue;
        }
        kept.push_back(std::move(*op));
    }
    draft.operators.assign(std::make_move_iterator(kept.rbegin()),
                           std::make_move_iterator(kept.rend()));
}

// A Rearrange writes the shape of the view behind it, if nothing else reads it.
void join_rearranged(Draft& draft) {
    const auto readers = count_readers(draft);
    std::unordered_map<std::string, std::size_t> producer;
    std::vector<DraftOperator> kept;
    for (DraftOperator& op : draft.operators) {
        if (is_view(op)) {
            const auto front = producer.find(op.inputs.front());
            if (front != producer.end() && readers.at(op.inputs.front()) == 1) {
                kept[front->second].output = op.output;
                continue;
            }
        }
        if (is_rearrange(op)) producer[op.output] = kept.size();
        kept.push_back(std::move(op));
    }
    draft.operators = std::move(kept);
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
        if (!is_view(op) && !is_rearrange(op)) continue;
        const auto earlier = source.find(op.inputs.front());
        if (earlier != source.end()) op.inputs.front() = earlier->second;
        if (is_rearrange(op)) continue;
        source[op.output] = op.inputs.front();
        if (draft.shapes.at(op.output) == draft.shapes.at(op.inputs.front()))
            same[op.output] = op.inputs.front();
    }
    replace(draft.output);
    drop_unread(draft);
    join_rearranged(draft);
}

}  // namespace acim::onnx_import
