// SPDX-License-Identifier: Apache-2.0
// Finds groups of nodes that compute together a function the engine has, by evaluating them: every
// group of a few elementwise nodes between one value x and one value y, read by nothing else, is
// computed in double on fixed probe values and compared with each function. So every way to write
// one is found, and no other.
#include <cmath>
#include <functional>
#include <queue>
#include <set>

#include "host/onnx/pattern_index.hpp"
#include "host/onnx/probe.hpp"
#include "host/onnx/rewrites.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

constexpr std::size_t most_nodes = 16;     // of a group, and of values tried as x
constexpr std::size_t most_readers = 256;  // of a value in a group, so that time stays linear
constexpr std::size_t most_inputs = 3;     // of a node in a group: Clip has three

class Recogniser {
public:
    explicit Recogniser(NodeList& list)
        : list_(list), index_(list), is_gone_(list.nodes.size(), false) {}

    void run() {
        replacement_.resize(list_.nodes.size());
        for (int i = 0; i < static_cast<int>(list_.nodes.size()); ++i)
            if (!is_gone_[i] && is_probe_seed(list_.nodes[i].type)) try_seed(i);
        std::vector<Node> nodes;
        for (std::size_t i = 0; i < list_.nodes.size(); ++i) {
            for (Node& node : replacement_[i]) nodes.push_back(std::move(node));
            if (!is_gone_[i]) nodes.push_back(std::move(list_.nodes[i]));
        }
        list_.nodes = std::move(nodes);
    }

private:
    // Values from which the seed may be computed by elementwise nodes, the nearest first.
    std::vector<std::string> sources(int seed) const {
        std::vector<std::string> found{list_.nodes[seed].input(0)};
        for (std::size_t i = 0; i < found.size() && found.size() < most_nodes; ++i) {
            const int from = index_.producer(found[i]);
            if (from < 0 || is_gone_[from] || !is_probe_type(list_.nodes[from].type) ||
                list_.nodes[from].inputs.size() > most_inputs)
                continue;
            for (const std::string& name : list_.nodes[from].inputs)
                if (!name.empty() && !list_.is_constant(name) &&
                    std::find(found.begin(), found.end(), name) == found.end())
                    found.push_back(name);
        }
        return found;
    }

    void try_seed(int seed) {
        std::vector<int> axes;
        const Node& node = list_.nodes[seed];
        if (node.type == "ReduceMean") {
            if (node.integer("keepdims", 1) == 0) return;
            axes = reduced_axes(node, list_, list_.shape(node, 0).size());
            if (axes.empty()) return;
        }
        for (const std::string& x : sources(seed))
            if (try_source(seed, x, axes)) return;
    }

    // Grows the group of nodes that x alone determines, in order, until one of them is a function.
    bool try_source(int seed, const std::string& x, const std::vector<int>& axes) {
        Probe probe(list_, x, axes);
        std::priority_queue<int, std::vector<int>, std::greater<>> next;
        std::set<int> seen, group;
        const auto push_readers = [&](const std::string& name) {
            const std::vector<int>& readers = index_.readers(name);
            if (readers.size() > most_readers) return;
            for (const int reader : readers)
                if (!is_gone_[reader] && seen.insert(reader).second) next.push(reader);
        };
        push_readers(x);
        while (!next.empty() && group.size() < most_nodes) {
            const int at = next.top();
            next.pop();
            if (!probe.evaluate(list_.nodes[at])) {
                seen.erase(at);  // another operand may still come
                continue;
            }
            group.insert(at);
            const std::string& y = list_.nodes[at].outputs.front();
            if (at > seed && group.contains(seed)) {
                const std::set<int> parts = parts_of(at, group, x);
                const bool is_group = parts.contains(seed) && is_closed(parts, at);
                const std::optional<Match> match = is_group ? probe.match(y) : std::nullopt;
                if (match) {
                    replace(parts, at, x, *match, axes);
                    return true;
                }
            }
            push_readers(y);
        }
        return false;
    }

    // The nodes of the group that node `at` depends on, itself included.
    std::set<int> parts_of(int at, const std::set<int>& group, const std::string& x) const {
        std::set<int> parts{at};
        std::vector<int> open{at};
        while (!open.empty()) {
            const int node = open.back();
            open.pop_back();
            for (const std::string& name : list_.nodes[node].inputs) {
                const int from = name == x ? -1 : index_.producer(name);
                if (from >= 0 && group.contains(from) && parts.insert(from).second)
                    open.push_back(from);
            }
        }
        return parts;
    }

    bool is_closed(const std::set<int>& parts, int last) const {
        for (const int part : parts) {
            if (part == last) continue;
            const std::string& name = list_.nodes[part].outputs.front();
            const std::vector<int>& readers = index_.readers(name);
            if (index_.uses(name) != readers.size()) return false;
            for (const int reader : readers)
                if (!parts.contains(reader)) return false;
        }
        return true;
    }

    void replace(const std::set<int>& parts, int last, const std::string& x, const Match& match,
                 const std::vector<int>& axes) {
        const Node& node = list_.nodes[last];
        Node made{node.name, match.type, {x}, {node.outputs.front()}, match.attributes};
        if (axes.empty())
            replacement_[last] = {std::move(made)};
        else
            replacement_[last] = norm_nodes(std::move(made), axes);
        for (const int part : parts) is_gone_[part] = true;
    }

    // A norm acts over the last axes; another axis is moved there and back.
    std::vector<Node> norm_nodes(Node norm, const std::vector<int>& axes) {
        const std::string x = norm.inputs.front(), y = norm.outputs.front();
        const Shape shape = list_.values.at(x).shape;
        const int rank = static_cast<int>(shape.size());
        const bool is_last = axes.back() == rank - 1;
        norm.attributes["axis"] = std::int64_t{is_last ? axes.front() : rank - 1};
        Shape line(shape.begin() + axes.front(), shape.begin() + axes.back() + 1);
        if (norm.type == "LayerNormalization") norm.inputs.push_back(ones(norm, line));
        if (is_last) return {std::move(norm)};
        std::vector<std::int64_t> there, back(shape.size());
        for (int i = 0; i < rank; ++i)
            if (i != axes.front()) there.push_back(i);
        there.push_back(axes.front());
        for (int i = 0; i < rank; ++i) back[there[i]] = i;
        Shape turned;
        for (const std::int64_t axis : there) turned.push_back(shape[axis]);
        const std::string moved = list_.fresh(y + "_there"), normed = list_.fresh(y + "_norm");
        list_.values[moved] = list_.values[normed] = {turned, std::nullopt, "", std::nullopt};
        Node first{norm.name, "Transpose", {x}, {moved}, {{"perm", there}}};
        Node second{norm.name, "Transpose", {normed}, {y}, {{"perm", back}}};
        norm.inputs.front() = moved;
        norm.outputs.front() = normed;
        return {std::move(first), std::move(norm), std::move(second)};
    }

    std::string ones(const Node& norm, const Shape& shape) {
        list_.spend(norm, elements(shape));
        const std::string name = list_.fresh(norm.outputs.front() + "_ones");
        std::vector<float> values(static_cast<std::size_t>(elements(shape)), 1.0F);
        list_.values[name] = {shape, real_constant(shape, std::move(values)), "", std::nullopt};
        return name;
    }

    NodeList& list_;
    PatternIndex index_;
    std::vector<bool> is_gone_;
    std::vector<std::vector<Node>> replacement_;
};

}  // namespace

void recognise_functions(NodeList& list) { Recogniser(list).run(); }

}  // namespace acim::onnx_import
