// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/model_mutator.hpp"

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "host/onnx/import.hpp"
#include "host/onnx/lower.hpp"
#include "tests/fuzz/hostile_values.hpp"

namespace acim::fuzz {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

template <class List>
const auto& one_of(const List& list, Random& random) {
    return *std::next(std::begin(list),
                      static_cast<std::ptrdiff_t>(below(random, std::size(list))));
}

// A field that repeats, which may be empty: calls change(element).
template <class Field, class Change>
void with_one(Field* field, Random& random, const Change& change) {
    if (field->size() > 0)
        change(field->Mutable(
            static_cast<int>(below(random, static_cast<std::size_t>(field->size())))));
}

const std::vector<std::string>& operators() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> names = supported_onnx_operators();
        const auto constant = onnx_import::constant_operators();
        names.insert(names.end(), constant.begin(), constant.end());
        return names;
    }();
    return all;
}

// Everything that a node may read.
std::vector<std::string> values_of(const GraphProto& graph) {
    std::vector<std::string> names;
    for (const auto& tensor : graph.initializer()) names.push_back(tensor.name());
    for (const auto& input : graph.input()) names.push_back(input.name());
    for (const auto& node : graph.node())
        for (const auto& name : node.output()) names.push_back(name);
    names.emplace_back("nothing");
    return names;
}

std::string fresh(const char* role, Random& random) {
    return role + std::to_string(below(random, 1000000));
}

void fill(TensorProto& tensor, std::size_t count, Random& random) {
    tensor.clear_raw_data();
    tensor.clear_float_data();
    tensor.clear_int64_data();
    tensor.clear_int32_data();
    tensor.set_data_location(TensorProto::DEFAULT);
    for (std::size_t i = 0; i < count; ++i) {
        if (tensor.data_type() == TensorProto::INT64)
            tensor.add_int64_data(some_integer(random));
        else if (tensor.data_type() == TensorProto::FLOAT)
            tensor.add_float_data(some_real(random));
        else
            tensor.add_int32_data(static_cast<std::int32_t>(some_integer(random)));
    }
}

// A whole tensor of few elements.
void renew(TensorProto& tensor, Random& random) {
    constexpr int types[] = {TensorProto::FLOAT, TensorProto::FLOAT,   TensorProto::INT64,
                             TensorProto::INT64, TensorProto::INT8,    TensorProto::UINT8,
                             TensorProto::INT32, TensorProto::FLOAT16, TensorProto::BOOL};
    tensor.set_data_type(one_of(types, random));
    std::vector<std::int64_t> dims(below(random, 5));
    std::size_t count = 1;
    for (std::int64_t& extent : dims) {
        extent = static_cast<std::int64_t>(1 + below(random, 4));
        count *= static_cast<std::size_t>(extent);
    }
    tensor.clear_dims();
    for (const std::int64_t extent : dims) tensor.add_dims(extent);
    fill(tensor, count, random);
}

void keep_elsewhere(TensorProto& tensor, Random& random) {
    constexpr const char* places[] = {"w.data", "../w", "/etc/passwd", "3", "4", "5", "6", ""};
    tensor.set_data_location(TensorProto::EXTERNAL);
    tensor.clear_external_data();
    for (const char* key : {"location", "offset", "length"}) {
        if (below(random, 3) == 0 && *key != 'l') continue;
        auto* pair = tensor.add_external_data();
        pair->set_key(key);
        pair->set_value(std::string(key) == "location" ? one_of(places, random)
                                                       : std::to_string(some_integer(random)));
    }
}

void change_real(std::string& raw, Random& random) {
    const float value = some_real(random);
    if (raw.size() >= sizeof value)
        raw.replace(below(random, raw.size() / sizeof value) * sizeof value, sizeof value,
                    reinterpret_cast<const char*>(&value), sizeof value);
}

void mutate_tensor(TensorProto& tensor, Random& random) {
    std::string& raw = *tensor.mutable_raw_data();
    switch (below(random, 8)) {
        case 0:
            if (tensor.dims_size() > 0)
                tensor.set_dims(static_cast<int>(below(random, tensor.dims().size())),
                                some_integer(random));
            break;
        case 1:
            tensor.add_dims(1);
            break;
        case 2:
            if (tensor.dims_size() > 1) tensor.mutable_dims()->SwapElements(0, 1);
            break;
        case 3:
            tensor.set_data_type(static_cast<int>(below(random, 18)));
            break;
        case 4:
            change_real(raw, random);
            break;
        case 5:
            raw.resize(below(random, raw.size() + 9));
            break;
        case 6:
            keep_elsewhere(tensor, random);
            break;
        default:
            renew(tensor, random);
    }
    if (raw.empty()) tensor.clear_raw_data();
}

void renew(AttributeProto& attribute, Random& random) {
    constexpr const char* texts[] = {"SAME_UPPER", "SAME_LOWER", "VALID",        "tanh",
                                     "constant",   "reflect",    "bij,bjk->bik", "ij,jk->ik",
                                     "ROUND",      "FLOOR",      "CEIL",         "nonsense"};
    constexpr AttributeProto::AttributeType types[] = {
        AttributeProto::INT,    AttributeProto::INT,    AttributeProto::FLOAT,
        AttributeProto::STRING, AttributeProto::TENSOR, AttributeProto::INTS,
        AttributeProto::INTS,   AttributeProto::GRAPH,  AttributeProto::FLOATS};
    attribute.set_type(one_of(types, random));
    attribute.set_i(some_integer(random));
    attribute.set_f(some_real(random));
    attribute.set_s(one_of(texts, random));
    attribute.clear_ints();
    for (std::size_t i = below(random, 7); i > 0; --i) attribute.add_ints(some_integer(random));
    if (attribute.type() == AttributeProto::TENSOR) renew(*attribute.mutable_t(), random);
}

void mutate_attribute(AttributeProto& attribute, Random& random) {
    if (below(random, 4) == 0) return renew(attribute, random);
    if (attribute.has_t()) return mutate_tensor(*attribute.mutable_t(), random);
    attribute.set_i(some_integer(random));
    attribute.set_f(some_real(random));
    if (below(random, 4) == 0)
        attribute.add_ints(some_integer(random));
    else if (attribute.ints_size() > 0)
        attribute.set_ints(static_cast<int>(below(random, attribute.ints().size())),
                           some_integer(random));
}

// Names of attributes of all operators.
const std::vector<std::string>& attribute_names() {
    static const std::vector<std::string> all = [] {
        std::istringstream words(
            "axis axes perm pads strides dilations kernel_shape group transA transB alpha beta "
            "auto_pad ceil_mode mode to keepdims allowzero equation epsilon count_include_pad "
            "value split start end num_groups num_outputs approximate signed narrow upper "
            "block_size training_mode noop_with_empty_axes rounding_mode value_ints value_float");
        return std::vector<std::string>{std::istream_iterator<std::string>(words), {}};
    }();
    return all;
}

void add_attribute(NodeProto& node, Random& random) {
    auto* attribute = node.add_attribute();
    attribute->set_name(one_of(attribute_names(), random));
    renew(*attribute, random);
}

// A value for a node to read: one that is there, or a new constant.
std::string some_value(GraphProto& graph, Random& random) {
    if (below(random, 3) != 0) return one_of(values_of(graph), random);
    auto* tensor = graph.add_initializer();
    tensor->set_name(fresh("c", random));
    renew(*tensor, random);
    return tensor->name();
}

void mutate_node(GraphProto& graph, NodeProto& node, Random& random) {
    switch (below(random, 8)) {
        case 0:
            node.set_op_type(one_of(operators(), random));
            break;
        case 1:
            if (node.input_size() > 0)
                node.set_input(static_cast<int>(below(random, node.input().size())),
                               some_value(graph, random));
            break;
        case 2:
            node.add_input(below(random, 4) == 0 ? "" : some_value(graph, random));
            break;
        case 3:
            if (node.input_size() > 0) node.mutable_input()->RemoveLast();
            break;
        case 4:
            add_attribute(node, random);
            break;
        case 5:
            if (node.attribute_size() > 0) node.mutable_attribute()->RemoveLast();
            break;
        case 6:
            node.add_output(below(random, 8) == 0 ? one_of(values_of(graph), random)
                                                  : fresh("o", random));
            break;
        default:
            with_one(node.mutable_attribute(), random,
                     [&](auto* attribute) { mutate_attribute(*attribute, random); });
    }
}

// A copy of some node, or a bare one, on the way out of a value: its readers read the new node.
void insert_node(GraphProto& graph, Random& random) {
    NodeProto added;
    if (graph.node_size() > 0 && below(random, 3) != 0)
        added = one_of(graph.node(), random);
    else
        added.set_op_type(one_of(operators(), random));
    const std::string from = one_of(values_of(graph), random), to = fresh("v", random);
    added.set_name(to);
    if (added.input_size() == 0) added.add_input(from);
    added.set_input(0, from);
    added.clear_output();
    added.add_output(to);
    for (NodeProto& node : *graph.mutable_node())
        for (std::string& name : *node.mutable_input())
            if (name == from) name = to;
    for (auto& output : *graph.mutable_output())
        if (output.name() == from || below(random, 4) == 0) output.set_name(to);
    *graph.add_node() = added;
}

// Many of a kind behind one another.
void chain_node(GraphProto& graph, Random& random) {
    if (graph.node_size() == 0 || graph.output_size() == 0) return;
    const NodeProto link = one_of(graph.node(), random);
    if (link.input_size() == 0) return;
    std::string from = graph.output(0).name();
    for (std::size_t left = 1 + below(random, 100); left > 0; --left) {
        NodeProto& added = *graph.add_node() = link;
        const std::string to = fresh("l", random);
        added.set_name(to);
        added.set_input(0, from);
        added.clear_output();
        added.add_output(to);
        from = to;
    }
    graph.mutable_output(0)->set_name(from);
}

void remove_node(GraphProto& graph, Random& random) {
    const int at = static_cast<int>(below(random, graph.node().size()));
    const NodeProto gone = graph.node(at);
    graph.mutable_node()->DeleteSubrange(at, 1);
    if (gone.input_size() == 0 || gone.output_size() == 0) return;
    for (NodeProto& node : *graph.mutable_node())
        for (std::string& name : *node.mutable_input())
            if (name == gone.output(0)) name = gone.input(0);
    for (auto& output : *graph.mutable_output())
        if (output.name() == gone.output(0)) output.set_name(gone.input(0));
}

void mutate_interface(onnx::ModelProto& model, Random& random) {
    GraphProto& graph = *model.mutable_graph();
    switch (below(random, 6)) {
        case 0:
            if (model.opset_import_size() > 0)
                model.mutable_opset_import(0)->set_version(
                    static_cast<std::int64_t>(12 + below(random, 10)));
            break;
        case 1:
            if (graph.input_size() > 0) *graph.add_input() = graph.input(0);
            break;
        case 2:
            if (graph.node_size() > 0)
                graph.mutable_node()->SwapElements(
                    0, static_cast<int>(below(random, graph.node().size())));
            break;
        case 3:
            with_one(graph.mutable_output(), random,
                     [&](auto* output) { output->set_name(one_of(values_of(graph), random)); });
            break;
        default:
            with_one(graph.mutable_input(), random, [&](auto* input) {
                auto* type = input->mutable_type()->mutable_tensor_type();
                if (below(random, 8) == 0) type->set_elem_type(static_cast<int>(below(random, 12)));
                with_one(type->mutable_shape()->mutable_dim(), random,
                         [&](auto* dim) { dim->set_dim_value(some_integer(random)); });
            });
    }
}

}  // namespace

void mutate_model(onnx::ModelProto& model, Random& random) {
    GraphProto& graph = *model.mutable_graph();
    for (std::size_t changes = 1 + below(random, 4); changes > 0; --changes) {
        const std::size_t kind = below(random, 16);
        if (kind < 6)
            with_one(graph.mutable_node(), random,
                     [&](auto* node) { mutate_node(graph, *node, random); });
        else if (kind < 9)
            with_one(graph.mutable_initializer(), random,
                     [&](auto* tensor) { mutate_tensor(*tensor, random); });
        else if (kind < 12)
            insert_node(graph, random);
        else if (kind < 13)
            chain_node(graph, random);
        else if (kind < 14 && graph.node_size() > 1)
            remove_node(graph, random);
        else
            mutate_interface(model, random);
    }
}

void join_models(onnx::ModelProto& model, const onnx::ModelProto& other, Random& random) {
    GraphProto& graph = *model.mutable_graph();
    const std::string prefix = fresh("j", random) + ".";
    const std::string from = one_of(values_of(graph), random);
    const std::string input = other.graph().input_size() > 0 ? other.graph().input(0).name() : "";
    const auto renamed = [&](const std::string& name) {
        return name.empty() ? name : name == input ? from : prefix + name;
    };
    for (const auto& tensor : other.graph().initializer()) {
        auto* added = graph.add_initializer();
        *added = tensor;
        added->set_name(renamed(tensor.name()));
    }
    for (const auto& node : other.graph().node()) {
        auto* added = graph.add_node();
        *added = node;
        added->set_name(prefix + node.name());
        for (std::string& name : *added->mutable_input()) name = renamed(name);
        for (std::string& name : *added->mutable_output()) name = renamed(name);
    }
    if (graph.output_size() > 0 && other.graph().output_size() > 0)
        graph.mutable_output(0)->set_name(renamed(other.graph().output(0).name()));
}

}  // namespace acim::fuzz
