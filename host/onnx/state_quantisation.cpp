// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host/onnx/draft_passes.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

// Values that stay on the grid of what they are made from.
bool keeps_grid(const DraftOperation& op) {
    return std::holds_alternative<View>(op) || std::holds_alternative<Rearrange>(op) ||
           std::holds_alternative<MaxPool>(op) || std::holds_alternative<Relu>(op);
}

class Stater {
public:
    explicit Stater(Draft& draft) : draft_(draft) {
        for (std::size_t i = 0; i < draft.operators.size(); ++i)
            producers_[draft.operators[i].output] = i;
    }

    void run() {
        for (DraftOperator& op : draft_.operators) {
            if (auto* product = std::get_if<DraftProduct>(&op.op)) {
                product->input_quantisation = input(op, 0);
            } else if (auto* computed = std::get_if<DraftComputed>(&op.op)) {
                computed->input_quantisation = input(op, 0);
                computed->stored_quantisation = stored(op);
            }
        }
    }

private:
    // The quantisation that an input comes from; null if there is none.
    const Requantise* find(const std::string& name) const {
        constexpr int most_steps = 16;
        const std::string* from = &name;
        for (int step = 0; step < most_steps; ++step) {
            const auto at = producers_.find(*from);
            if (at == producers_.end()) return nullptr;
            const DraftOperator& op = draft_.operators[at->second];
            if (const auto* found = std::get_if<Requantise>(&op.op)) return found;
            if (!keeps_grid(op.op)) return nullptr;
            from = &op.inputs.front();
        }
        return nullptr;
    }

    // A product quantises by itself: it reads what was rounded.
    void read_before(DraftOperator& op, std::size_t index) {
        const DraftOperator& from = draft_.operators[producers_.at(op.inputs[index])];
        if (std::holds_alternative<Requantise>(from.op)) op.inputs[index] = from.inputs.front();
    }

    StatedQuantisation input(DraftOperator& op, std::size_t index) {
        const Requantise* found = find(op.inputs[index]);
        if (!found) return {};
        const Quantisation q = found->quantisation;
        constexpr int most_bits = 9;
        if (q.bits > most_bits)
            throw Problem(
                fmt::format("{}: its input is quantised to {} bits. At most {} are "
                            "supported",
                            op.place, q.bits, most_bits));
        read_before(op, index);
        return {q.bits, q.is_signed, {q.scale}};
    }

    // Cells hold signed integers: an unsigned operand needs one bit more, and stays clipped at 0.
    StatedQuantisation stored(DraftOperator& op) {
        const Requantise* found = find(op.inputs[1]);
        if (!found) return {};
        const Quantisation q = found->quantisation;
        const int bits = q.is_signed ? q.bits : q.bits + 1;
        constexpr int most_bits = 8;
        if (bits > most_bits)
            throw Problem(
                fmt::format("{}: its stored operand is quantised to {} {} bits. Cells "
                            "hold at most {} signed ones",
                            op.place, q.bits, q.is_signed ? "signed" : "unsigned", most_bits));
        if (q.is_signed) read_before(op, 1);
        return {bits, true, {q.scale}};
    }

    Draft& draft_;
    std::unordered_map<std::string, std::size_t> producers_;
};

}  // namespace

void state_quantisation(Draft& draft) { Stater(draft).run(); }

}  // namespace acim::onnx_import
