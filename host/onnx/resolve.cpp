// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/fold_constants.hpp"
#include "host/onnx/problem.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

bool ends_in_weight(const std::string& name) {
    return name.ends_with(".weight") || name.ends_with(".bias");
}

class Resolver {
public:
    explicit Resolver(NodeList& list) : list_(list) {
        for (const auto& [name, value] : list.values)
            if (value.constant) elements_left_ += 4 * elements(value.shape);
    }

    void run() {
        std::vector<Node> kept;
        for (Node& node : list_.nodes) {
            for (std::string& name : node.inputs) name = root(name);
            if (!resolve_node(node)) kept.push_back(std::move(node));
        }
        list_.nodes = std::move(kept);
        list_.output = root(list_.output);
        const Value* output = list_.find(list_.output);
        if (!output)
            throw Problem(fmt::format("output '{}' is not defined", printable(list_.output)));
        if (output->constant || list_.output == list_.input)
            throw Problem("its output is not computed from the image");
    }

private:
    // True if the node is gone: its first output is now an alias or a constant.
    bool resolve_node(const Node& node) {
        if (node.type == "Constant") {
            Constant constant = constant_node(node);
            elements_left_ += 4 * elements(constant.shape);
            define(node, std::move(constant), node.outputs.front());
        } else if (node.type == "Shape") {
            define(node, shape_node(node), "");
        } else if (is_passed_through(node)) {
            pass_through(node);
        } else if (all_constant(node)) {
            Constant folded = fold_node(node, list_);
            spend(node, elements(folded.shape));
            const Value* first = list_.find(node.input(0));
            define(node, std::move(folded), first ? first->label : "");
        } else {
            list_.values[node.outputs.front()] = {infer_shape(node, list_), std::nullopt, ""};
            return false;
        }
        return true;
    }

    const std::string& root(const std::string& name) const {
        const auto found = aliases_.find(name);
        return found == aliases_.end() ? name : found->second;
    }

    void define(const Node& node, Constant constant, const std::string& label) {
        Shape shape = constant.shape;
        list_.values[node.outputs.front()] = {std::move(shape), std::move(constant), label};
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

    bool is_passed_through(const Node& node) const {
        if (node.type == "Identity" || node.type == "Dropout") return true;
        return node.type == "Cast" && !list_.is_constant(node.input(0));
    }

    void pass_through(const Node& node) {
        const std::string& from = node.input(0);
        const Value* value = list_.find(from);
        if (!value) node.fail("has no input");
        if (node.type == "Cast" && node.integer("to", 0) != 1)
            node.fail("values between layers are float32; only a Cast to float32 is supported");
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

    // Transpose and Cast copy a constant; many of them over one weight must not fill the memory.
    void spend(const Node& node, std::int64_t count) {
        elements_left_ -= count;
        if (elements_left_ < 0) node.fail("the graph computes too much on constants");
    }

    NodeList& list_;
    std::unordered_map<std::string, std::string> aliases_;
    std::int64_t elements_left_ = std::int64_t{1} << 20;
};

}  // namespace

void resolve(NodeList& list) { Resolver(list).run(); }

const std::vector<std::string>& resolved_types() {
    static const std::vector<std::string> types{"Constant", "Dropout", "Identity"};
    return types;
}

}  // namespace acim::onnx_import
