// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/draft_passes.hpp"

namespace acim::onnx_import {
namespace {

bool is_single(const DraftAffine& affine) { return affine.scale.size() == 1; }

// later(earlier(x)) as one affine map over `count` channels.
void compose(std::vector<double>& scale, std::vector<double>& shift, const DraftAffine& later) {
    for (std::size_t m = 0; m < scale.size(); ++m) {
        const std::size_t c = is_single(later) ? 0 : m;
        scale[m] *= later.scale[c];
        shift[m] = shift[m] * later.scale[c] + later.shift[c];
    }
}

bool fold_into_product(DraftProduct& product, const DraftAffine& affine) {
    const bool fits = is_single(affine) ||
                      (affine.axis == product.axis && affine.scale.size() == product.scale.size());
    if (fits) compose(product.scale, product.bias, affine);
    return fits;
}

bool fold_into_affine(DraftAffine& earlier, const DraftAffine& affine) {
    if (is_single(earlier) && !is_single(affine)) {
        earlier.axis = affine.axis;
        earlier.scale.assign(affine.scale.size(), earlier.scale.front());
        earlier.shift.assign(affine.scale.size(), earlier.shift.front());
    }
    const bool fits = is_single(affine) ||
                      (affine.axis == earlier.axis && affine.scale.size() == earlier.scale.size());
    if (fits) compose(earlier.scale, earlier.shift, affine);
    return fits;
}

bool fold_into_computed(DraftComputed& product, const DraftAffine& affine) {
    const bool fits = is_single(affine) && affine.shift.front() == 0.0;
    if (fits) product.factor *= affine.scale.front();
    return fits;
}

bool fold_into_norm(DraftNorm& norm, const DraftAffine& affine, std::size_t last_axis) {
    const bool fits = is_single(affine) || (affine.axis == static_cast<int>(last_axis) &&
                                            affine.scale.size() == norm.scale.size());
    if (fits) compose(norm.scale, norm.shift, affine);
    return fits;
}

bool fold_into(DraftOperator& front, const DraftAffine& affine, std::size_t last_axis) {
    if (auto* product = std::get_if<DraftProduct>(&front.op))
        return fold_into_product(*product, affine);
    if (auto* earlier = std::get_if<DraftAffine>(&front.op))
        return fold_into_affine(*earlier, affine);
    if (auto* computed = std::get_if<DraftComputed>(&front.op))
        return fold_into_computed(*computed, affine);
    if (auto* norm = std::get_if<DraftNorm>(&front.op))
        return fold_into_norm(*norm, affine, last_axis);
    return false;
}

// Factors in front of a product of two computed tensors, perhaps moved on the way, become its own.
class FactorFolder {
public:
    explicit FactorFolder(Draft& draft) : draft_(draft), readers_(count_readers(draft)) {
        for (std::size_t i = 0; i < draft.operators.size(); ++i)
            producers_[draft.operators[i].output] = i;
    }

    void run() {
        for (DraftOperator& op : draft_.operators)
            if (auto* product = std::get_if<DraftComputed>(&op.op))
                for (const std::string& name : op.inputs) fold(name, *product);
        std::vector<DraftOperator> kept;
        for (DraftOperator& op : draft_.operators) {
            if (source_.contains(op.output)) continue;
            for (std::string& name : op.inputs)
                while (source_.contains(name)) name = source_.at(name);
            kept.push_back(std::move(op));
        }
        draft_.operators = std::move(kept);
    }

private:
    void fold(std::string name, DraftComputed& product) {
        while (readers_[name] == 1 && producers_.contains(name)) {
            const DraftOperator& op = draft_.operators[producers_.at(name)];
            const auto* affine = std::get_if<DraftAffine>(&op.op);
            if (affine && is_single(*affine) && affine->shift.front() == 0.0) {
                product.factor *= affine->scale.front();
                source_[op.output] = op.inputs.front();
            } else if (!std::holds_alternative<View>(op.op) &&
                       !std::holds_alternative<Rearrange>(op.op)) {
                return;
            }
            name = op.inputs.front();
        }
    }

    Draft& draft_;
    std::unordered_map<std::string, int> readers_;
    std::unordered_map<std::string, std::size_t> producers_;
    std::unordered_map<std::string, std::string> source_;  // removed value -> what stands for it
};

}  // namespace

void fold_factors(Draft& draft) { FactorFolder(draft).run(); }

void fold_affine(Draft& draft) {
    const auto readers = count_readers(draft);
    std::unordered_map<std::string, std::size_t> producer;
    std::vector<DraftOperator> kept;
    for (DraftOperator& op : draft.operators) {
        if (const auto* affine = std::get_if<DraftAffine>(&op.op)) {
            const std::string& input = op.inputs.front();
            const auto front = producer.find(input);
            if (front != producer.end() && readers.at(input) == 1 &&
                draft.shapes.at(input) == draft.shapes.at(op.output) &&
                fold_into(kept[front->second], *affine, draft.shapes.at(input).size() - 1)) {
                kept[front->second].output = op.output;
                producer[op.output] = front->second;
                continue;
            }
        }
        producer[op.output] = kept.size();
        kept.push_back(std::move(op));
    }
    draft.operators = std::move(kept);
}

}  // namespace acim::onnx_import
