// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/onnx/expand.hpp"
#include "host/onnx/fold_constants.hpp"
#include "host/onnx/layer_name.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/quantised.hpp"
#include "host/onnx/resolve.hpp"

namespace acim::onnx_import {
namespace {

using Lowering = void (*)(const Node&, const NodeList&, DraftOperator&);

const std::map<std::string, Lowering>& lowerings() {
    static const std::map<std::string, Lowering> table = [] {
        std::map<std::string, Lowering> all{{"AveragePool", lower_average_pool},
                                            {"BatchNormalization", lower_batch_normalization},
                                            {"Clip", lower_clip},
                                            {"Concat", lower_concat},
                                            {"Conv", lower_conv},
                                            {"Expand", lower_movement},
                                            {"Flatten", lower_view},
                                            {"Gather", lower_gather},
                                            {"Gemm", lower_gemm},
                                            {"GlobalAveragePool", lower_global_pool},
                                            {"GlobalMaxPool", lower_global_pool},
                                            {"LayerNormalization", lower_layer_norm},
                                            {"LogSoftmax", lower_softmax},
                                            {"MatMul", lower_matmul},
                                            {"MaxPool", lower_max_pool},
                                            {"ReduceMax", lower_reduction},
                                            {"ReduceMean", lower_reduction},
                                            {"Relu", lower_relu},
                                            {"Reshape", lower_view},
                                            {"Slice", lower_movement},
                                            {"Softmax", lower_softmax},
                                            {"Squeeze", lower_view},
                                            {"Transpose", lower_movement},
                                            {"Unsqueeze", lower_view},
                                            {"acim.Requantise", lower_requantise},
                                            {"acim.RmsNorm", lower_rms_norm}};
        for (const char* type : {"Add", "Div", "Max", "Min", "Mul", "Sub"})
            all.emplace(type, lower_arithmetic);
        for (const std::string& type : function_types()) all.emplace(type, lower_function);
        return all;
    }();
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

// Parameters that an operator with an output of this shape has for itself in the end.
std::int64_t own_parameters(const DraftOperation& op, const Shape& out) {
    const auto channels = static_cast<std::size_t>(out.size() < 2 ? 1 : out[1]);
    std::size_t count = 0;
    if (const auto* product = std::get_if<DraftProduct>(&op))
        count = product->weights.reals->size() + 2 * product->scale.size();
    else if (const auto* computed = std::get_if<DraftComputed>(&op))
        count = static_cast<std::size_t>(computed->outputs);
    else if (const auto* affine = std::get_if<DraftAffine>(&op))  // one number may be for channels
        count = 2 * std::max(affine->scale.size(), channels);
    else if (const auto* norm = std::get_if<DraftNorm>(&op))
        count = 2 * norm->scale.size();
    else if (const auto* constant = std::get_if<acim::Constant>(&op))
        count = constant->values.size();
    else if (const auto* embedding = std::get_if<Embedding>(&op))
        count = embedding->table.size();
    return static_cast<std::int64_t>(count);
}

// Operators may share constants of the file, each of them has a copy in the end: all together are
// limited by what the file holds, so that a small one cannot fill the memory.
class ParameterBudget {
public:
    explicit ParameterBudget(const NodeList& list) : left_(least + times * list.file_elements) {}
    void pay(const Node& node, const DraftOperation& op, const Shape& out) {
        left_ -= own_parameters(op, out);
        if (left_ < 0)
            throw Exhausted(
                fmt::format("{}: the parameters of all operators together are more than {} times "
                            "those of the file. Share weights less often",
                            node.place(), times));
    }

private:
    static constexpr std::int64_t least = std::int64_t{1} << 26, times = 16;
    std::int64_t left_;
};

// A constant that an operator reads like a computed tensor.
void add_constant(const Node& node, const NodeList& list, const std::string& name, Draft& draft,
                  ParameterBudget& budget) {
    if (draft.shapes.contains(name)) return;
    const Value& value = list.values.at(name);
    if (!value.constant->is_real() || value.constant->reals->empty())
        node.fail(fmt::format("'{}' is a constant that is not of floats", printable(name)));
    checked_elements({value.shape.begin(), value.shape.end()}, most_activation_elements,
                     node.place() + ": its constant");
    acim::Constant constant;
    constant.values = *value.constant->reals;
    for (const float v : constant.values)
        if (std::isnan(v)) node.fail(fmt::format("its constant '{}' holds NaN", printable(name)));
    draft.shapes[name] = value.shape.empty() ? Shape{1} : value.shape;
    const std::string shown = value.label.empty() ? node_name(node) + "_constant" : value.label;
    draft.operators.push_back({printable(shown), node.place(), {}, name, std::move(constant)});
    budget.pay(node, draft.operators.back().op, value.shape);
}

void lower_node(const Node& node, const NodeList& list, Draft& draft, ParameterBudget& budget) {
    DraftOperator out{node_name(node), node.place(), {node.input(0)}, node.outputs.front(), View()};
    lowerings().at(node.type)(node, list, out);
    for (const std::string& name : out.inputs)
        if (list.is_constant(name)) add_constant(node, list, name, draft, budget);
    const Shape& shape = draft.shapes[out.output] = list.values.at(out.output).shape;
    budget.pay(node, out.op, shape);
    draft.operators.push_back(std::move(out));
}

// Names that only passes give to nodes; a file has none of these types.
bool is_internal(const std::string& type) { return type.starts_with("acim."); }

}  // namespace

Draft lower(const NodeList& list) {
    Draft draft;
    draft.input = list.input;
    draft.output = list.output;
    draft.shapes[list.input] = list.values.at(list.input).shape;
    ParameterBudget budget(list);
    Unsupported unsupported;
    for (const Node& node : list.nodes)
        unsupported.attempt([&] { lower_node(node, list, draft, budget); });
    unsupported.throw_if_any();
    return draft;
}

void check_lowerings(const NodeList& list, Unsupported& unsupported) {
    for (const Node& node : list.nodes) {
        const auto found = lowerings().find(node.type);
        DraftOperator out;
        if (found != lowerings().end())
            unsupported.attempt([&] { found->second(node, list, out); });
    }
}

std::vector<std::string> supported_operators() {
    std::set<std::string> names(resolved_types().begin(), resolved_types().end());
    for (const auto& [name, lowering] : lowerings())
        if (!is_internal(name)) names.insert(name);
    names.insert(expanded_types().begin(), expanded_types().end());
    names.insert(quantising_types().begin(), quantising_types().end());
    names.insert({"Cast", "Pad"});
    return {names.begin(), names.end()};
}

std::vector<std::string> constant_operators() {
    std::set<std::string> names(folded_types().begin(), folded_types().end());
    names.insert({"Shape", "Size"});
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
