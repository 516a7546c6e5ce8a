// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/finish.hpp"

#include <fmt/format.h>

#include <cmath>

#include "host/onnx/layer_name.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

float rounded(double value, const DraftOperator& from) {
    const auto single = static_cast<float>(value);
    if (!std::isfinite(single))
        throw Problem(
            fmt::format("{}: a folded parameter is {}, beyond float32. Train or export "
                        "the model again",
                        from.place, value));
    return single;
}

std::vector<float> rounded(const std::vector<double>& values, const DraftOperator& from) {
    std::vector<float> out;
    for (const double value : values) out.push_back(rounded(value, from));
    return out;
}

std::vector<float> scaled_weights(const DraftProduct& product, const DraftOperator& from) {
    const std::vector<float>& weights = *product.weights.reals;
    const auto rows = static_cast<std::size_t>(product.outputs);
    const auto depth = static_cast<std::size_t>(product.depth);
    std::vector<float> out(weights.size());
    for (std::size_t m = 0; m < rows; ++m)
        for (std::size_t k = 0; k < depth; ++k) {
            const std::size_t at = product.is_depth_first ? k * rows + m : m * depth + k;
            out[m * depth + k] = rounded(weights[at] * product.scale[m], from);
        }
    return out;
}

class Finisher {
public:
    explicit Finisher(const Draft& draft) : draft_(draft) {
        graph_.input = add_tensor(draft.input);
    }

    FloatGraph run() {
        UniqueNames names;
        for (const DraftOperator& from : draft_.operators) {
            FloatOperation op =
                std::visit([&](const auto& kind) { return convert(kind, from); }, from.op);
            graph_.operators.push_back({names.take(from.name), std::move(op)});
        }
        graph_.output = ids_.at(draft_.output);
        return std::move(graph_);
    }

private:
    TensorId add_tensor(const std::string& name) {
        const TensorId id = static_cast<TensorId>(graph_.tensors.size());
        const Shape& shape = draft_.shapes.at(name);
        if (shape.empty())
            throw Problem(
                fmt::format("value '{}' is a scalar. Keep at least one axis", printable(name)));
        graph_.tensors.push_back({printable(name), shape});
        ids_[name] = id;
        return id;
    }

    template <class Kind>
    void connect(Kind& to, const DraftOperator& from) {
        to.input = ids_.at(from.inputs.front());
        to.output = add_tensor(from.output);
    }

    FloatOperation convert(const DraftProduct& kind, const DraftOperator& from) {
        FloatProduct product;
        connect(product, from);
        product.is_conv = kind.is_conv;
        product.conv = kind.conv;
        product.outputs = kind.outputs;
        product.depth = kind.depth;
        product.weights = scaled_weights(kind, from);
        product.bias = rounded(kind.bias, from);
        return product;
    }

    FloatOperation convert(const DraftAffine& kind, const DraftOperator& from) {
        const Shape& shape = draft_.shapes.at(from.inputs.front());
        const bool is_single = kind.scale.size() == 1;
        if (shape.size() < 2 || (!is_single && kind.axis != 1))
            throw Problem(
                fmt::format("{}: acts along axis {} of shape {}. Behind a layer's output, "
                            "or along axis 1, it is supported",
                            from.place, kind.axis, shape_text(shape)));
        const auto channels = static_cast<std::size_t>(shape[1]);
        Affine affine;
        connect(affine, from);
        affine.scale = rounded(kind.scale, from);
        affine.shift = rounded(kind.shift, from);
        if (is_single) {
            affine.scale.assign(channels, affine.scale.front());
            affine.shift.assign(channels, affine.shift.front());
        }
        return affine;
    }

    FloatOperation convert(Add add, const DraftOperator& from) {
        add.a = ids_.at(from.inputs[0]);
        add.b = ids_.at(from.inputs[1]);
        add.output = add_tensor(from.output);
        return add;
    }

    template <class Kind>
    FloatOperation convert(Kind kind, const DraftOperator& from) {
        connect(kind, from);
        return kind;
    }

    const Draft& draft_;
    FloatGraph graph_;
    std::unordered_map<std::string, TensorId> ids_;
};

}  // namespace

FloatGraph finish(const Draft& draft) { return Finisher(draft).run(); }

}  // namespace acim::onnx_import
