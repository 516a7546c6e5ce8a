// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/load_nodes.hpp"

#include <fmt/format.h>

#include "host/onnx/model_file.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/tensor_values.hpp"
#include "onnx.pb.h"

namespace acim::onnx_import {
namespace {

int read_opset(const onnx::ModelProto& model) {
    std::int64_t version = 0;
    for (const auto& opset : model.opset_import())
        if (opset.domain().empty() || opset.domain() == "ai.onnx") version = opset.version();
    if (version < 13 || version > 20)
        throw Problem(
            fmt::format("opset {}. Export the model with an opset from 13 to 20", version));
    return static_cast<int>(version);
}

void define(NodeList& list, const std::string& name, Value value) {
    if (name.empty()) throw Problem("holds an input or a tensor without a name");
    if (!list.values.emplace(name, std::move(value)).second)
        throw Problem(fmt::format("'{}' is defined twice", printable(name)));
}

void load_initialisers(const onnx::GraphProto& graph, ExternalData& external, NodeList& list) {
    if (graph.sparse_initializer_size() > 0)
        throw Problem("holds sparse initialisers. Export the weights as dense tensors");
    for (const auto& tensor : graph.initializer()) {
        const std::string place = fmt::format("tensor '{}'", printable(tensor.name()));
        Constant constant = tensor_values(tensor, external, place);
        Shape shape = constant.shape;
        define(list, tensor.name(),
               {std::move(shape), std::move(constant), tensor.name(), std::nullopt});
    }
}

// Token numbers; resolve checks that they only choose rows.
bool is_integer(const onnx::ValueInfoProto& input) {
    const int type = input.type().tensor_type().elem_type();
    return type == onnx::TensorProto::INT64 || type == onnx::TensorProto::INT32;
}

Shape image_shape(const onnx::ValueInfoProto& input) {
    const std::string place = fmt::format("input '{}'", printable(input.name()));
    const auto& type = input.type().tensor_type();
    if (!input.type().has_tensor_type() || !type.has_shape())
        throw Problem(place + " has no shape. Export it with the shape of an image");
    if (type.elem_type() != onnx::TensorProto::FLOAT && !is_integer(input))
        throw Problem(place +
                      " is not float32. Export the float32 model; token numbers may be int64");
    const int rank = type.shape().dim_size();
    if (rank < 2 || rank > most_tensor_axes)
        throw Problem(fmt::format("{} has {} axes. 2 to {} are supported, batch first", place, rank,
                                  most_tensor_axes));
    std::vector<std::int64_t> extents{1};
    for (int axis = 0; axis < rank; ++axis) {
        const auto& dim = type.shape().dim(axis);
        if (axis == 0) {
            if (dim.has_dim_value() && dim.dim_value() > 1)
                throw Problem(
                    fmt::format("{} has a fixed batch of {}. Export it with a dynamic "
                                "first axis, or with batch size 1",
                                place, dim.dim_value()));
            continue;
        }
        if (!dim.has_dim_value() || dim.dim_value() < 1)
            throw Problem(
                fmt::format("{}: axis {} is dynamic ('{}'). Only the batch axis may be; "
                            "export it with the image's size",
                            place, axis, printable(dim.dim_param())));
        extents.push_back(dim.dim_value());
    }
    checked_elements(extents, most_activation_elements, place);
    return to_shape(extents);
}

template <class List>
std::string join_names(const List& names) {
    std::string text;
    for (const auto& name : names) {
        if (text.size() > 200) return text + ", ...";
        text += (text.empty() ? "'" : ", '") + printable(name) + "'";
    }
    return text;
}

// Files of IR version 3 list the initialisers among the inputs.
void load_interface(const onnx::GraphProto& graph, NodeList& list) {
    std::vector<std::string> inputs, outputs;
    for (const auto& input : graph.input()) {
        if (list.values.contains(input.name())) continue;
        inputs.push_back(input.name());
        if (inputs.size() == 1) list.input = input.name();
    }
    for (const auto& output : graph.output()) outputs.push_back(output.name());
    if (inputs.size() != 1)
        throw Problem(fmt::format("{} inputs ({}). A model with one image input is needed",
                                  inputs.size(), join_names(inputs)));
    if (outputs.size() != 1)
        throw Problem(fmt::format("{} outputs ({}). A model with one output is needed",
                                  outputs.size(), join_names(outputs)));
    list.output = outputs.front();
    for (const auto& input : graph.input())
        if (input.name() == list.input) {
            define(list, list.input, {image_shape(input), std::nullopt, list.input, std::nullopt});
            list.has_integer_input = is_integer(input);
            return;
        }
}

Attribute load_attribute(const onnx::AttributeProto& from, ExternalData& external,
                         const std::string& place) {
    switch (from.type()) {
        case onnx::AttributeProto::INT:
            return std::int64_t{from.i()};
        case onnx::AttributeProto::FLOAT:
            return from.f();
        case onnx::AttributeProto::STRING:
            return from.s();
        case onnx::AttributeProto::INTS:
            return std::vector<std::int64_t>(from.ints().begin(), from.ints().end());
        case onnx::AttributeProto::FLOATS:
            return std::vector<float>(from.floats().begin(), from.floats().end());
        case onnx::AttributeProto::TENSOR:
            return tensor_values(from.t(), external, place);
        default:
            return std::monostate();
    }
}

Node load_node(const onnx::NodeProto& from, ExternalData& external) {
    Node node;
    node.name = from.name();
    const bool is_standard = from.domain().empty() || from.domain() == "ai.onnx";
    node.type = is_standard ? from.op_type() : from.domain() + "." + from.op_type();
    node.inputs.assign(from.input().begin(), from.input().end());
    node.outputs.assign(from.output().begin(), from.output().end());
    if (node.outputs.empty() || node.outputs.front().empty()) node.fail("has no output");
    for (const auto& attribute : from.attribute())
        node.attributes.emplace(attribute.name(),
                                load_attribute(attribute, external, node.place()));
    return node;
}

}  // namespace

NodeList load_nodes(const std::filesystem::path& path) {
    onnx::ModelProto model;
    read_model(path, model);
    NodeList list;
    list.opset = read_opset(model);
    ExternalData external(path.parent_path());
    load_initialisers(model.graph(), external, list);
    load_interface(model.graph(), list);
    for (const auto& node : model.graph().node()) list.nodes.push_back(load_node(node, external));
    return list;
}

}  // namespace acim::onnx_import
