// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/finish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cuda/model/random/noise_key.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/unique_names.hpp"
#include "host/onnx/unsupported.hpp"

namespace acim::onnx_import {
namespace {

std::vector<float> scaled_weights(const DraftProduct& product, const DraftOperator& from) {
    const std::vector<float>& weights = *product.weights.reals;
    const auto rows = static_cast<std::size_t>(product.outputs);
    const auto depth = static_cast<std::size_t>(product.depth);
    std::vector<float> out(weights.size());
    for (std::size_t m = 0; m < rows; ++m)
        for (std::size_t k = 0; k < depth; ++k) {
            const std::size_t at = product.is_depth_first ? k * rows + m : m * depth + k;
            out[m * depth + k] = rounded_parameter(weights[at] * product.scale[m], from);
        }
    return out;
}

// A scale behind the layer stretches the steps of its weights; their integers stay.
StatedQuantisation scaled_quantisation(const DraftProduct& product, const DraftOperator& from) {
    StatedQuantisation stated = product.weight_quantisation;
    if (!stated.is_stated()) return stated;
    std::vector<float> scales;
    for (std::size_t m = 0; m < product.scale.size(); ++m) {
        const double step = stated.scale[stated.scale.size() == 1 ? 0 : m];
        const double factor = std::abs(product.scale[m]);
        const float scale = rounded_parameter(factor > 0.0 ? step * factor : step, from);
        if (!(scale >= std::numeric_limits<float>::min()))
            throw Problem(fmt::format("{}: its weights have steps of {}, below float32", from.place,
                                      step * factor));
        scales.push_back(scale);
    }
    const bool is_one = std::all_of(scales.begin(), scales.end(),
                                    [&](float scale) { return scale == scales.front(); });
    if (is_one) scales.resize(1);
    stated.scale = std::move(scales);
    return stated;
}

class Finisher {
public:
    explicit Finisher(const Draft& draft) : draft_(draft) {
        graph_.input = add_tensor(draft.input);
    }

    FloatGraph run() {
        check_shapes();
        UniqueNames names;
        for (const DraftOperator& from : draft_.operators) {
            FloatOperation op =
                std::visit([&](const auto& kind) { return convert(kind, from); }, from.op);
            graph_.operators.push_back({names.take(from.name), std::move(op)});
        }
        graph_.output = ids_.at(draft_.output);
        check_size();
        return std::move(graph_);
    }

private:
    // Of all tensors of the network; the input's shape has been checked when it was read.
    void check_shapes() const {
        Unsupported unsupported;
        for (const DraftOperator& op : draft_.operators)
            unsupported.attempt([&] { check_shape(op.output, draft_.shapes.at(op.output)); });
        unsupported.throw_if_any();
    }

    // A few bytes of a file can ask for any number of large values.
    void check_size() const {
        std::int64_t elements = 0;
        int layers = 0;
        for (const Tensor& tensor : graph_.tensors) elements += tensor.elements();
        for (const FloatOperator& op : graph_.operators)
            layers += std::holds_alternative<FloatProduct>(op.op) ? 1 : 0;
        constexpr int most_layers = 1 << CounterWidths::layer;
        if (layers > most_layers)
            throw Problem(
                fmt::format("{} layers for the macro; random numbers can tell {} apart. "
                            "Use a network of fewer layers",
                            layers, most_layers));
        if (elements > most_image_elements)
            throw Problem(
                fmt::format("the values of one image are {} numbers together. At most {} "
                            "are supported; use a smaller input",
                            elements, most_image_elements));
    }

    static void check_shape(const std::string& name, const Shape& shape) {
        if (shape.empty())
            throw Problem(
                fmt::format("value '{}' is a scalar. Keep at least one axis", printable(name)));
        if (shape.size() > most_tensor_axes)
            throw Problem(fmt::format("value '{}' has shape {}. A tensor has at most {} axes",
                                      printable(name), shape_text(shape), most_tensor_axes));
    }

    TensorId add_tensor(const std::string& name) {
        const TensorId id = static_cast<TensorId>(graph_.tensors.size());
        const Shape& shape = draft_.shapes.at(name);
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
        product.bias = rounded_parameters(kind.bias, from);
        product.input_quantisation = kind.input_quantisation;
        product.weight_quantisation = scaled_quantisation(kind, from);
        return product;
    }

    FloatOperation convert(const DraftAffine& kind, const DraftOperator& from) {
        const Shape& shape = draft_.shapes.at(from.inputs.front());
        const auto channels = static_cast<std::size_t>(shape[1]);
        Affine affine;
        connect(affine, from);
        affine.scale = rounded_parameters(kind.scale, from);
        affine.shift = rounded_parameters(kind.shift, from);
        if (kind.scale.size() == 1) {
            affine.scale.assign(channels, affine.scale.front());
            affine.shift.assign(channels, affine.shift.front());
        }
        return affine;
    }

    FloatOperation convert(const DraftComputed& kind, const DraftOperator& from) {
        FloatProduct product;
        product.stored.tensor = ids_.at(from.inputs[1]);
        product.stored.heads = kind.heads;
        product.stored.on_left = kind.is_left_stored;
        connect(product, from);
        product.outputs = kind.outputs;
        product.depth = kind.depth;
        product.factor = rounded_parameter(kind.factor, from);
        product.bias.assign(static_cast<std::size_t>(kind.outputs), 0.0F);
        product.input_quantisation = kind.input_quantisation;
        product.weight_quantisation = kind.stored_quantisation;
        return product;
    }

    FloatOperation convert(const DraftNorm& kind, const DraftOperator& from) {
        LayerNorm norm;
        connect(norm, from);
        norm.is_centred = kind.is_centred;
        norm.epsilon = kind.epsilon;
        norm.scale = rounded_parameters(kind.scale, from);
        norm.shift = rounded_parameters(kind.shift, from);
        return norm;
    }

    FloatOperation convert(acim::Constant constant, const DraftOperator& from) {
        constant.output = add_tensor(from.output);
        return constant;
    }

    FloatOperation convert(Concat concat, const DraftOperator& from) {
        for (const std::string& name : from.inputs) concat.inputs.push_back(ids_.at(name));
        concat.output = add_tensor(from.output);
        return concat;
    }

    FloatOperation convert(Binary binary, const DraftOperator& from) {
        return convert_pair(binary, from);
    }

    FloatOperation convert(Add add, const DraftOperator& from) { return convert_pair(add, from); }

    template <class Kind>
    FloatOperation convert_pair(Kind kind, const DraftOperator& from) {
        kind.a = ids_.at(from.inputs[0]);
        kind.b = ids_.at(from.inputs[1]);
        kind.output = add_tensor(from.output);
        return kind;
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
