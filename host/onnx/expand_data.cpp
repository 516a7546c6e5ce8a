// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "host/onnx/expansions.hpp"
#include "host/onnx/movement.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;
constexpr std::size_t most_pieces = 1024;

// How Split cuts an axis: sizes as input or attribute, else equal parts, the last one smaller.
Integers split_sizes(const Node& node, const NodeList& list, std::int64_t size) {
    Integers sizes = node.integers("split");
    if (!node.input(1).empty()) sizes = integer_list(node, list, 1, "split");
    const auto count = static_cast<std::int64_t>(node.outputs.size());
    if (sizes.empty()) {
        if (node.integer("num_outputs", count) != count)
            node.fail(fmt::format("num_outputs differs from its {} outputs", count));
        const std::int64_t part = (size + count - 1) / count;
        for (std::int64_t i = 0; i < count; ++i)
            sizes.push_back(std::clamp<std::int64_t>(size - i * part, 0, part));
    }
    std::int64_t total = 0;
    for (const std::int64_t part : sizes) {
        if (part < 1 || part > size) node.fail(fmt::format("has a part of size {}", part));
        total += part;
    }
    if (sizes.size() != node.outputs.size() || total != size)
        node.fail(fmt::format("{} parts of together {} for {} outputs of an axis of {}",
                              sizes.size(), total, count, size));
    return sizes;
}

// Runs of evenly spaced places, as long as they get.
std::vector<Integers> even_runs(const Node& node, const Integers& places) {
    std::vector<Integers> runs;
    for (const std::int64_t place : places) {
        if (!runs.empty()) {
            Integers& run = runs.back();
            const std::size_t n = run.size();
            if (n < 2 || place - run[n - 1] == run[1] - run[0]) {
                run.push_back(place);
                continue;
            }
        }
        if (runs.size() == most_pieces)
            node.fail(fmt::format("gathers more than {} pieces", most_pieces));
        runs.push_back({place});
    }
    return runs;
}

}  // namespace

void expand_split(const Node& node, Expansion& out) {
    const Shape& in = out.list().shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", 0), in.size());
    const Integers sizes = split_sizes(node, out.list(), in[axis]);
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < sizes.size(); begin += sizes[i++]) {
        if (node.outputs[i].empty()) continue;
        out.finish("Slice",
                   {node.input(0), out.integers({begin}), out.integers({begin + sizes[i]}),
                    out.integers({axis})},
                   {}, i);
    }
}

// Unevenly spaced indices, or a table of them, become pieces that are joined.
void expand_gather(const Node& node, Expansion& out) {
    NodeList& list = out.list();
    if (list.is_constant(node.input(0)) || !list.is_constant(node.input(1))) return;
    const Constant& indices = *list.constant(node, 1, "indices");
    const Shape& in = list.shape(node, 0);
    const int axis = normal_axis(node, node.integer("axis", 0), in.size());
    list.spend(node, elements(indices.shape));
    const Integers places = gather_places(node, indices, in[axis]);
    if (places.empty()) node.fail("gathers nothing");
    if (indices.shape.size() <= 1 && is_even(places)) return;
    const Expansion::Attributes along{{"axis", std::int64_t{axis}}};
    std::vector<std::string> pieces;
    for (const Integers& run : even_runs(node, places))
        pieces.push_back(out.add("Gather", {node.input(0), out.integers(run)}, along));
    if (indices.shape.size() == 1) return out.finish("Concat", pieces, along);
    Integers shape(in.begin(), in.begin() + axis);
    shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
    shape.insert(shape.end(), in.begin() + axis + 1, in.end());
    out.finish("Reshape", {out.add("Concat", pieces, along), out.integers(shape)});
}

void expand_tile(const Node& node, Expansion& out) {
    const Shape& in = out.list().shape(node, 0);
    const Integers repeats = integer_list(node, out.list(), 1, "repeats");
    if (repeats.size() != in.size()) node.fail("has not one repeat per axis");
    std::string from = node.input(0);
    for (std::size_t i = 0; i < repeats.size(); ++i) {
        if (repeats[i] < 1 || repeats[i] > static_cast<std::int64_t>(most_pieces))
            node.fail(
                fmt::format("repeats {} times. 1 to {} are supported", repeats[i], most_pieces));
        if (repeats[i] == 1) continue;
        const std::vector<std::string> copies(static_cast<std::size_t>(repeats[i]), from);
        from = out.add("Concat", copies, {{"axis", static_cast<std::int64_t>(i)}});
    }
    out.finish("Identity", {from});
}

}  // namespace acim::onnx_import
