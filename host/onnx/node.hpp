// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "host/onnx/constant.hpp"
#include "host/onnx/unique_names.hpp"

namespace acim::onnx_import {

using Attribute = std::variant<std::monostate, std::int64_t, float, std::string,
                               std::vector<std::int64_t>, std::vector<float>, Constant>;

// A node of the file. An optional input that is left out has the empty name.
struct Node {
    std::string name;  // as in the file, may be empty
    std::string type;  // "Conv"; operators of other domains as "domain.Type"
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::map<std::string, Attribute> attributes;

    std::string shown_name() const;                     // printable; of its output if it has none
    std::string place() const;                          // "node 'conv1' (Conv)", as messages begin
    const std::string& input(std::size_t index) const;  // empty if it is left out
    bool has(const std::string& key) const { return attributes.contains(key); }
    [[noreturn]] void fail(const std::string& problem) const;

    // Attributes with the default of the specification; a value of another kind is a Problem.
    std::int64_t integer(const std::string& key, std::int64_t otherwise) const;
    float real(const std::string& key, float otherwise) const;
    std::string text(const std::string& key, const std::string& otherwise) const;
    std::vector<std::int64_t> integers(const std::string& key) const;  // empty if it is absent
};

// The integers that a file states for a value: real = scale * integer, integers in low .. high
// after the zero point is taken off. A constant may have a scale for each index of `axis`. A grid is
// lost where a constant was quantised and then changed in a way that its integers do not survive; the
// other fields mean nothing then.
struct Grid {
    bool is_lost = false;
    std::shared_ptr<const std::vector<float>> scale;
    int axis = 0;
    std::int64_t zero_point = 0;           // in the file
    std::int64_t low = 0, high = 0;        // without the zero point
    ElementType type = ElementType::int8;  // of the integers in the file
    // Of integers between QuantizeLinear and DequantizeLinear: what was rounded.
    std::string source;
};

// What is known about a value: a shape, the elements if it is constant, the name of the parameter
// that it came from ("fc1.weight"), which outlives Transpose, Reshape and Cast, and its integers if
// the file states them.
struct Value {
    Shape shape;
    std::optional<Constant> constant;
    std::string label;
    std::optional<Grid> grid;
};

struct NodeList {
    int opset = 0;
    std::vector<Node> nodes;
    std::unordered_map<std::string, Value> values;
    std::string input, output;
    bool has_integer_input = false;                       // token numbers
    std::int64_t file_elements = 0;                       // of all constants that the file holds
    std::int64_t constant_elements_left = 0;              // that folding may still compute
    UniqueNames names{UniqueNames::Ending::underscores};  // of all values

    // A name for a new value: `base`, or a copy of it.
    std::string fresh(const std::string& base) { return names.take(base); }
    // Counts a constant of the file; what may be computed on constants grows with it.
    void add_file_constant(const Constant& constant);
    // Every constant that is computed is paid for before it is allocated, so that a small file
    // cannot fill the memory.
    void spend(const Node& node, std::int64_t elements);

    const Value* find(const std::string& name) const;
    // The shape of an activation that earlier nodes define.
    const Shape& shape(const Node& node, std::size_t index) const;
    // The constant at an input: null if the input is left out, a Problem if it is not constant.
    const Constant* constant(const Node& node, std::size_t index, const char* role) const;
    bool is_constant(const std::string& name) const;
    // The one number of a constant in any shape; nothing if the value is none or holds several.
    std::optional<double> number(const std::string& name) const;
    // The same of a constant of floats.
    std::optional<float> real_number(const std::string& name) const;
};

// The axis in 0 .. rank-1; negative ones count from the end.
int normal_axis(const Node& node, std::int64_t axis, std::size_t rank);
// The elements of a constant list of integers at an input; empty if the input is left out.
std::vector<std::int64_t> integer_list(const Node& node, const NodeList& list, std::size_t index,
                                       const char* role);

}  // namespace acim::onnx_import
