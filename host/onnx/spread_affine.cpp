// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "host/onnx/draft_passes.hpp"
#include "host/onnx/unique_names.hpp"

namespace acim::onnx_import {
namespace {

// Affine acts along axis 1 of [1, C, ...].
bool stays(const DraftAffine& affine, const Shape& shape) {
    return shape.size() >= 2 && shape[0] == 1 && (affine.scale.size() == 1 || affine.axis == 1);
}

class Spreader {
public:
    explicit Spreader(Draft& draft) : draft_(draft) {
        for (const auto& [name, shape] : draft.shapes) names_.reserve(name);
    }

    void run() {
        for (DraftOperator& op : draft_.operators) {
            const auto* affine = std::get_if<DraftAffine>(&op.op);
            if (affine && !stays(*affine, draft_.shapes.at(op.inputs.front())))
                spread(*affine, op);
            else
                kept_.push_back(std::move(op));
        }
        draft_.operators = std::move(kept_);
    }

private:
    void spread(const DraftAffine& affine, const DraftOperator& op) {
        const auto is = [](double value) { return [value](double v) { return v == value; }; };
        const bool scales = !std::all_of(affine.scale.begin(), affine.scale.end(), is(1.0));
        const bool shifts = !std::all_of(affine.shift.begin(), affine.shift.end(), is(0.0));
        std::string from = op.inputs.front();
        if (scales) {
            const std::string to = shifts ? names_.take(op.output + "_scaled") : op.output;
            add(op, BinaryKind::multiply, affine.axis, affine.scale, from, to);
            from = to;
        }
        if (shifts || !scales) add(op, BinaryKind::add, affine.axis, affine.shift, from, op.output);
    }

    void add(const DraftOperator& op, BinaryKind kind, int axis, const std::vector<double>& values,
             const std::string& from, const std::string& to) {
        const Shape shape = draft_.shapes.at(op.inputs.front());
        const std::string parameter =
            names_.take(to + (kind == BinaryKind::add ? "_shift" : "_scale"));
        acim::Constant constant;
        constant.values = rounded_parameters(values, op);
        draft_.shapes[parameter] = {static_cast<int>(values.size())};
        draft_.shapes[to] = shape;
        kept_.push_back({op.name + "_constant", op.place, {}, parameter, std::move(constant)});
        Shape along(values.size() == 1 ? 0 : shape.size() - static_cast<std::size_t>(axis), 1);
        if (!along.empty()) along.front() = static_cast<int>(values.size());
        kept_.push_back(
            {op.name, op.place, {from, parameter}, to, make_binary(kind, shape, shape, along)});
    }

    Draft& draft_;
    UniqueNames names_{UniqueNames::Ending::underscores};
    std::vector<DraftOperator> kept_;
};

}  // namespace

void spread_affine(Draft& draft) { Spreader(draft).run(); }

}  // namespace acim::onnx_import
