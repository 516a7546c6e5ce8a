// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/expand.hpp"

#include "host/onnx/expansions.hpp"

namespace acim::onnx_import {
namespace {

using Expand = void (*)(const Node&, Expansion&);

// What a node or a value costs beside its names and elements, counted in elements: what stands for
// it in the list takes about as much memory.
constexpr std::int64_t part_cost = 64;

const std::map<std::string, Expand>& expansions() {
    static const std::map<std::string, Expand> table{
        {"AveragePool", expand_pool},
        {"Conv", expand_conv},
        {"Einsum", expand_einsum},
        {"Gather", expand_gather},
        {"Gemm", expand_gemm},
        {"GlobalAveragePool", expand_pool},
        {"GroupNormalization", expand_group_norm},
        {"InstanceNormalization", expand_instance_norm},
        {"MatMul", expand_matmul},
        {"Max", expand_variadic},
        {"MaxPool", expand_pool},
        {"Min", expand_variadic},
        {"Neg", expand_neg},
        {"PRelu", expand_prelu},
        {"Pow", expand_pow},
        {"ReduceL2", expand_reduce_l2},
        {"ReduceMax", expand_reduction},
        {"ReduceMean", expand_reduction},
        {"ReduceSum", expand_reduce_sum},
        {"Split", expand_split},
        {"Sum", expand_variadic},
        {"Tile", expand_tile},
        {"Where", expand_where}};
    return table;
}

}  // namespace

std::string Expansion::add(const std::string& type, std::vector<std::string> inputs,
                           Attributes attributes) {
    const std::string name = list_.fresh(from_.outputs.front() + "_" + type);
    push({from_.name, type, std::move(inputs), {name}, std::move(attributes)});
    return name;
}

void Expansion::finish(const std::string& type, std::vector<std::string> inputs,
                       Attributes attributes, std::size_t output) {
    push({from_.name, type, std::move(inputs), {from_.outputs[output]}, std::move(attributes)});
}

void Expansion::push(Node node) {
    std::size_t letters = node.name.size();
    for (const std::string& name : node.inputs) letters += 1 + name.size();
    for (const std::string& name : node.outputs) letters += name.size();
    list_.spend(from_, part_cost + static_cast<std::int64_t>(letters));
    nodes_.push_back(std::move(node));
}

std::string Expansion::constant(Constant value) {
    const std::string name = list_.fresh(from_.outputs.front() + "_constant");
    list_.spend(from_, part_cost + static_cast<std::int64_t>(name.size()));
    Shape shape = value.shape;
    list_.values[name] = {std::move(shape), std::move(value), "", std::nullopt};
    return name;
}

std::string Expansion::integers(const std::vector<std::int64_t>& values) {
    list_.spend(from_, static_cast<std::int64_t>(values.size()));
    return constant(integer_constant({static_cast<int>(values.size())}, values));
}

std::string Expansion::number(float value) { return constant(real_constant({}, {value})); }

std::string add_reshape(Expansion& out, const std::string& from, const Shape& shape) {
    return out.add("Reshape", {from, out.integers({shape.begin(), shape.end()})});
}

std::vector<Node> expand(const Node& node, NodeList& list) {
    const auto found = expansions().find(node.type);
    if (found == expansions().end()) return {};
    Expansion out(node, list);
    found->second(node, out);
    return out.take();
}

const std::vector<std::string>& expanded_types() {
    static const std::vector<std::string> types = [] {
        std::vector<std::string> names;
        for (const auto& [name, expansion] : expansions()) names.push_back(name);
        return names;
    }();
    return types;
}

}  // namespace acim::onnx_import
