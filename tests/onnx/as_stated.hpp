// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/digital/quantise.hpp"
#include "host/onnx/graph.hpp"

namespace acim::test {

// The network that rounds as its file states, still in float: weights become their integers times
// their scale, inputs of products pass a Requantise. Without stated quantisation it is the same.
inline FloatGraph as_stated(FloatGraph graph) {
    std::vector<FloatOperator> operators;
    const auto round = [&](TensorId id, const StatedQuantisation& stated) {
        if (!stated.is_stated()) return id;
        const auto rounded = static_cast<TensorId>(graph.tensors.size());
        graph.tensors.push_back(graph.tensors[static_cast<std::size_t>(id)]);
        const Quantisation q{stated.bits, stated.is_signed, stated.scale.front()};
        operators.push_back({"stated", Requantise{id, rounded, q}});
        return rounded;
    };
    for (FloatOperator& op : graph.operators) {
        if (auto* product = std::get_if<FloatProduct>(&op.op)) {
            const StatedQuantisation& weights = product->weight_quantisation;
            product->input = round(product->input, product->input_quantisation);
            if (product->is_computed())
                product->stored.tensor = round(product->stored.tensor, weights);
            const int high = digital::quantised_high(std::max(weights.bits, 2), true);
            const auto depth = static_cast<std::size_t>(product->depth);
            for (std::size_t i = 0; weights.is_stated() && i < product->weights.size(); ++i) {
                const float scale = weights.scale[weights.scale.size() == 1 ? 0 : i / depth];
                product->weights[i] = digital::requantise(product->weights[i], scale, -high, high);
            }
        }
        operators.push_back(std::move(op));
    }
    graph.operators = std::move(operators);
    return graph;
}

}  // namespace acim::test
