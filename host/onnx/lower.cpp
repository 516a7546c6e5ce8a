// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/onnx/fold_constants.hpp"
#include "host/onnx/layer_name.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/resolve.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Lowering = void (*)(const Node&, const NodeList&, DraftOperator&);

const std::map<std::string, Lowering>& lowerings() {
    static const std::map<std::string, Lowering> table{
        {"Add", lower_add},
        {"AveragePool", lower_average_pool},
        {"BatchNormalization", lower_batch_normalization},
        {"Clip", lower_clip},
        {"Conv", lower_conv},
        {"Flatten", lower_view},
        {"Gemm", lower_gemm},
        {"GlobalAveragePool", lower_global_average_pool},
        {"MatMul", lower_matmul},
        {"MaxPool", lower_max_pool},
        {"Relu", lower_relu},
        {"Reshape", lower_view},
        {"Squeeze", lower_view},
        {"Unsqueeze", lower_view}};
    return table;
}

std::string index_text(std::size_t flat, const Shape& shape) {
    Shape index(shape.size());
    for (std::size_t i = shape.size(); i-- > 0;) {
        index[i] = static_cast<int>(flat % shape[i]);
        flat /= shape[i];
    }
    return shape_text(index);
}

}  // namespace

Draft lower(const NodeList& list) {
    Draft draft;
    draft.input = list.input;
    draft.output = list.output;
    draft.shapes[list.input] = list.values.at(list.input).shape;
    for (const Node& node : list.nodes) {
        const auto lowering = lowerings().find(node.type);
        if (lowering == lowerings().end()) fail_unsupported(node);
        DraftOperator out{
            node_name(node), node.place(), {node.input(0)}, node.outputs.front(), View()};
        lowering->second(node, list, out);
        for (const std::string& name : out.inputs)
            if (list.is_constant(name))
                node.fail(fmt::format("'{}' is a constant. Only parameters may be constant here",
                                      printable(name)));
        draft.shapes[out.output] = list.values.at(out.output).shape;
        draft.operators.push_back(std::move(out));
    }
    return draft;
}

std::vector<std::string> supported_operators() {
    std::set<std::string> names(resolved_types().begin(), resolved_types().end());
    for (const auto& [name, lowering] : lowerings()) names.insert(name);
    names.insert("ReduceMean");
    return {names.begin(), names.end()};
}

std::vector<std::string> constant_operators() {
    std::set<std::string> names(folded_types().begin(), folded_types().end());
    names.insert("Shape");
    for (const std::string& name : supported_operators()) names.erase(name);
    return {names.begin(), names.end()};
}

const Constant& finite_parameter(const Node& node, const NodeList& list, std::size_t index,
                                 const char* role) {
    const Constant* constant = list.constant(node, index, role);
    if (!constant) node.fail(fmt::format("has no {}", role));
    const std::string& label = list.find(node.input(index))->label;
    const std::string shown = printable(label.empty() ? node.input(index) : label);
    if (!constant->is_real()) node.fail(fmt::format("{} '{}' is not of floats", role, shown));
    const std::vector<float>& values = *constant->reals;
    const auto bad =
        std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (bad != values.end())
        node.fail(fmt::format(
            "{} '{}' is {} at {}. Weights must be finite numbers; train or export "
            "the model again",
            role, shown, std::isnan(*bad) ? "NaN" : "infinite",
            index_text(static_cast<std::size_t>(bad - values.begin()), constant->shape)));
    return *constant;
}

std::vector<double> finite_vector(const Node& node, const NodeList& list, std::size_t index,
                                  const char* role, std::size_t count) {
    const Constant& constant = finite_parameter(node, list, index, role);
    if (constant.reals->size() != count)
        node.fail(fmt::format("{} has shape {}. {} elements are needed", role,
                              shape_text(constant.shape), count));
    return {constant.reals->begin(), constant.reals->end()};
}

}  // namespace acim::onnx_import
