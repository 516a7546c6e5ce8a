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

}  // namespace

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
