// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/expand.hpp"
#include "host/onnx/fold_constants.hpp"
#include "host/onnx/lower.hpp"
#include "host/onnx/moved_grid.hpp"
#include "host/onnx/movement.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/quantised.hpp"
#include "host/onnx/shape_rules.hpp"
#include "host/onnx/unsupported.hpp"

namespace acim::onnx_import {
namespace {

// What a small file may compute on constants: masks and position tables of a transformer.
constexpr std::int64_t least_constant_elements = std::int64_t{1} << 24;

bool ends_in_weight(const std::string& name) {
    return name.ends_with(".weight") || name.ends_with(".bias");
}

class Resolver {
public:
    Resolver(NodeList& list, Unsupported& unsupported) : list_(list), unsupported_(unsupported) {
        list.constant_elements_left += least_constant_elements;
        for (const auto& [name, value] : list.values) {
            list.names.reserve(name);
            if (value.constant) list.add_file_constant(*value.constant);
        }
        for (const Node& node : list.nodes)
            for (const std::string& name : node.outputs) list.names.reserve(name);
        for (const Node& node : list.nodes)
            for (std::size_t i = 0; i < node.inputs.size(); ++i)
                if (!keeps_rows(node, i)) read_as_values_.insert(node.inputs[i]);
    }

    void run() {
        for (const Node& node : list_.nodes) try_node(node);
        list_.nodes = std::move(kept_);
        list_.output = root(list_.output);
        if (!unsupported_.any()) check_output();
        if (!unsupported_.any()) check_integer_input();
    }

private:
    // Whether an input of a node may hold row numbers.
    static bool keeps_rows(const Node& node, std::size_t index) {
        if (node.type == "Cast") return node.integer("to", 0) != 1;
        return node.type == "Shape" || (node.type == "Gather" && index == 1);
    }

    void try_node(const Node& node) {
        if (!unsupported_.attempt([&] { resolve_node(node); })) mark_lost(node);
    }

    void check_output() const {
        const Value* output = list_.find(list_.output);
        if (!output)
            throw Problem(fmt::format("output '{}' is not defined", printable(list_.output)));
        if (output->constant || list_.output == list_.input)
            throw Problem("its output is not computed from the image");
        if (output->grid)
            throw Problem(
                fmt::format("output '{}' holds the integers of QuantizeLinear. End the model with "
                            "DequantizeLinear",
                            printable(list_.output)));
    }

    void resolve_node(Node node) {
        for (std::string& name : node.inputs) name = root(name);
        if (is_lost(node)) {
            lose(node);
        } else if (node.type == "Constant") {
            Constant constant = constant_node(node);
            list_.add_file_constant(constant);
            define(node, std::move(constant), node.outputs.front());
        } else if (node.type == "Shape" || node.type == "Size") {
            define(node, node.type == "Shape" ? shape_node(node) : size_node(node), "");
        } else if (is_passed_through(node)) {
            pass_through(node);
        } else if (is_quantising(node, list_)) {
            resolve_quantised(node);
        } else if (all_constant(node) && is_folded_type(node.type)) {
            Constant folded = fold_node(node, list_);
            const Value* first = list_.find(node.input(0));
            std::optional<Grid> grid = moved_grid(node, list_, folded);
            define(node, std::move(folded), first ? first->label : "");
            list_.values[node.outputs.front()].grid = std::move(grid);
        } else {
            check_no_integers(node, list_);
            std::vector<Node> parts = expand(node, list_);
            for (Node& part : parts) resolve_node(std::move(part));
            if (!parts.empty()) return;
            if (has_shape_rule(node.type))
                keep(std::move(node));
            else
                lose(node);
        }
    }

    void resolve_quantised(const Node& node) {
        Quantised quantised = quantise_node(node, list_);
        if (quantised.value) list_.values[node.outputs.front()] = std::move(*quantised.value);
        for (Node& part : quantised.nodes) resolve_node(std::move(part));
    }

    // Behind what is not supported nothing is known. The nodes there are only searched for operators
    // that may not be applied to the image; what is computed from shapes alone may become constant.
    bool is_lost(const Node& node) const {
        return std::any_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
            return lost_.contains(name) || lost_constants_.contains(name);
        });
    }
    bool is_constant_if_known(const Node& node) const {
        if (node.type == "Shape" || node.type == "Size") return true;
        return std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
            return name.empty() || list_.is_constant(name) || lost_constants_.contains(name);
        });
    }
    void mark_lost(const Node& node) {
        auto& lost = is_constant_if_known(node) ? lost_constants_ : lost_;
        for (const std::string& name : node.outputs)
            if (!name.empty()) lost.insert(name);
    }
    void lose(const Node& node) {
        mark_lost(node);
        if (!is_constant_if_known(node) && is_constant_only(node.type))
            unsupported_.add_operator(node);
    }
    bool is_constant_only(const std::string& type) const {
        return std::binary_search(constant_only_.begin(), constant_only_.end(), type);
    }

    void keep(Node node) {
        Shape shape = infer_shape(node, list_);
        list_.values[node.outputs.front()] = {std::move(shape), std::nullopt, "", std::nullopt};
        kept_.push_back(std::move(node));
    }

    const std::string& root(const std::string& name) const {
        const auto found = aliases_.find(name);
        return found == aliases_.end() ? name : found->second;
    }

    void define(const Node& node, Constant constant, const std::string& label) {
        Shape shape = constant.shape;
        list_.values[node.outputs.front()] = {std::move(shape), std::move(constant), label,
                                              std::nullopt};
    }

    static Constant constant_node(const Node& node) {
        for (const auto& [key, attribute] : node.attributes) {
            if (const auto* tensor = std::get_if<Constant>(&attribute)) return *tensor;
            if (const auto* real = std::get_if<float>(&attribute))
                return real_constant({}, {*real});
            if (const auto* one = std::get_if<std::int64_t>(&attribute))
                return integer_constant({}, {*one});
            if (const auto* many = std::get_if<std::vector<std::int64_t>>(&attribute))
                return integer_constant({static_cast<int>(many->size())}, *many);
            if (const auto* many = std::get_if<std::vector<float>>(&attribute))
                return real_constant({static_cast<int>(many->size())}, *many);
        }
        node.fail("holds no dense tensor of numbers");
    }

    Constant shape_node(const Node& node) const {
        const Shape& shape = list_.shape(node, 0);
        const auto rank = static_cast<std::int64_t>(shape.size());
        const auto bound = [rank](std::int64_t i) {
            return std::clamp<std::int64_t>(i < 0 ? i + rank : i, 0, rank);
        };
        const std::int64_t begin = bound(node.integer("start", 0));
        const std::int64_t end = std::max(begin, bound(node.integer("end", rank)));
        std::vector<std::int64_t> out(shape.begin() + begin, shape.begin() + end);
        const int count = static_cast<int>(out.size());
        return integer_constant({count}, std::move(out));
    }

    Constant size_node(const Node& node) const {
        return integer_constant({}, {elements(list_.shape(node, 0))});
    }

    bool is_passed_through(const Node& node) const {
        if (node.type == "Identity" || node.type == "Dropout") return true;
        return node.type == "Cast" && !list_.is_constant(node.input(0));
    }

    void pass_through(const Node& node) {
        const std::string& from = node.input(0);
        const Value* value = list_.find(from);
        if (!value) node.fail("has no input");
        if (node.type == "Cast") check_cast(node);
        if (node.type == "Dropout") check_dropout(node);
        const std::string& name = node.outputs.front();
        if (!value->constant) {
            aliases_[name] = from;
            return;
        }
        // Exporters share equal parameters through Identity: the nearest parameter name counts.
        Value copy = *value;
        if (ends_in_weight(name)) copy.label = name;
        list_.values[name] = std::move(copy);
    }

    // Token numbers are floats here: a Cast to integers means nothing where they choose rows.
    void check_cast(const Node& node) const {
        const auto type = static_cast<ElementType>(node.integer("to", 0));
        if (type == ElementType::float32) return;
        const bool is_integer = type == ElementType::int64 || type == ElementType::int32;
        if (!is_integer || read_as_values_.contains(node.outputs.front()))
            node.fail("values between layers are float32; only a Cast to float32 is supported");
    }

    // An integer input, moved or under another shape, may only choose rows.
    void check_integer_input() const {
        if (!list_.has_integer_input) return;
        std::unordered_set<std::string> rows{list_.input};
        for (const Node& node : list_.nodes)
            for (std::size_t i = 0; i < node.inputs.size(); ++i) {
                if (!rows.contains(node.inputs[i]) || (node.type == "Gather" && i == 1)) continue;
                if (!is_view_type(node.type) && !is_movement_type(node.type))
                    node.fail(
                        fmt::format("computes on the integer input '{}'. Integers may only choose "
                                    "rows of an embedding; export a float32 input",
                                    printable(list_.input)));
                rows.insert(node.outputs.front());
            }
    }

    void check_dropout(const Node& node) const {
        const Constant* training = list_.constant(node, 2, "training_mode");
        if (!training) return;
        if (training->is_real() || training->integers->size() != 1 || training->integers->front())
            node.fail("is in training mode. Export the model in evaluation mode");
    }

    bool all_constant(const Node& node) const {
        return !node.inputs.empty() &&
               std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
                   return name.empty() || list_.is_constant(name);
               });
    }

    NodeList& list_;
    Unsupported& unsupported_;
    std::vector<Node> kept_;
    const std::vector<std::string> constant_only_ = constant_operators();
    std::unordered_set<std::string> lost_, lost_constants_;
    std::unordered_map<std::string, std::string> aliases_;
    std::unordered_set<std::string> read_as_values_;  // values of the file that are computed with
};

}  // namespace

void resolve(NodeList& list, Unsupported& unsupported) { Resolver(list, unsupported).run(); }

const std::vector<std::string>& resolved_types() {
    static const std::vector<std::string> types{"Constant", "Dropout", "Identity"};
    return types;
}

}  // namespace acim::onnx_import
