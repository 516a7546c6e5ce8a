// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/node.hpp"

#include <fmt/format.h>

#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

template <class T>
const T* attribute(const Node& node, const std::string& key, const char* kind) {
    const auto found = node.attributes.find(key);
    if (found == node.attributes.end()) return nullptr;
    if (const T* value = std::get_if<T>(&found->second)) return value;
    node.fail(fmt::format("attribute '{}' must be {}", key, kind));
}

}  // namespace

std::string Node::shown_name() const {
    return printable(name.empty() && !outputs.empty() ? outputs.front() : name);
}

std::string Node::place() const {
    return fmt::format("node '{}' ({})", shown_name(), printable(type));
}

const std::string& Node::input(std::size_t index) const {
    static const std::string none;
    return index < inputs.size() ? inputs[index] : none;
}

void Node::fail(const std::string& problem) const {
    throw NodeProblem(shown_name(), printable(type), problem);
}

std::int64_t Node::integer(const std::string& key, std::int64_t otherwise) const {
    const auto* value = attribute<std::int64_t>(*this, key, "an integer");
    return value ? *value : otherwise;
}

float Node::real(const std::string& key, float otherwise) const {
    const auto* value = attribute<float>(*this, key, "a float");
    return value ? *value : otherwise;
}

std::string Node::text(const std::string& key, const std::string& otherwise) const {
    const auto* value = attribute<std::string>(*this, key, "a string");
    return value ? *value : otherwise;
}

std::vector<std::int64_t> Node::integers(const std::string& key) const {
    const auto* value = attribute<std::vector<std::int64_t>>(*this, key, "a list of integers");
    return value ? *value : std::vector<std::int64_t>();
}

void NodeList::add_file_constant(const Constant& constant) {
    file_elements += elements(constant.shape);
    constant_elements_left += 4 * elements(constant.shape);
}

void NodeList::spend(const Node& node, std::int64_t elements) {
    constant_elements_left -= elements;
    if (constant_elements_left < 0)
        throw Exhausted(node.place() + ": the graph computes too much on constants");
}

const Value* NodeList::find(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
}

const Shape& NodeList::shape(const Node& node, std::size_t index) const {
    const Value* value = find(node.input(index));
    if (node.input(index).empty()) node.fail(fmt::format("input {} is missing", index));
    if (!value)
        node.fail(fmt::format("reads '{}', a second output. Only first outputs are supported",
                              printable(node.input(index))));
    return value->shape;
}

const Constant* NodeList::constant(const Node& node, std::size_t index, const char* role) const {
    if (node.input(index).empty()) return nullptr;
    const Value* value = find(node.input(index));
    if (!value || !value->constant)
        node.fail(fmt::format("{} '{}' is computed from the image. It must be a constant", role,
                              printable(node.input(index))));
    return &*value->constant;
}

bool NodeList::is_constant(const std::string& name) const {
    const Value* value = find(name);
    return value && value->constant;
}

std::optional<double> NodeList::number(const std::string& name) const {
    const Value* value = find(name);
    if (!value || !value->constant || elements(value->shape) != 1) return std::nullopt;
    const Constant& constant = *value->constant;
    return constant.is_real() ? static_cast<double>(constant.reals->front())
                              : static_cast<double>(constant.integers->front());
}

std::optional<float> NodeList::real_number(const std::string& name) const {
    const Value* value = find(name);
    const bool is_one = value && value->constant && value->constant->is_real() &&
                        value->constant->reals->size() == 1;
    return is_one ? std::optional(value->constant->reals->front()) : std::nullopt;
}

int normal_axis(const Node& node, std::int64_t axis, std::size_t rank) {
    const auto r = static_cast<std::int64_t>(rank);
    if (axis < -r || axis >= r)
        node.fail(fmt::format("axis {} is outside a tensor of rank {}", axis, rank));
    return static_cast<int>(axis < 0 ? axis + r : axis);
}

std::vector<std::int64_t> integer_list(const Node& node, const NodeList& list, std::size_t index,
                                       const char* role) {
    const Constant* constant = list.constant(node, index, role);
    if (!constant) return {};
    if (constant->is_real() || constant->shape.size() > 1)
        node.fail(fmt::format("{} must be a list of integers", role));
    return *constant->integers;
}

}  // namespace acim::onnx_import
