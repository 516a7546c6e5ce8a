// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/onnx/expand.hpp"
#include "host/onnx/pattern_index.hpp"
#include "host/onnx/rewrites.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {
namespace {

using Integers = std::vector<std::int64_t>;

float pad_value(const Node& node, const NodeList& list) {
    if (!list.constant(node, 2, "constant_value")) return 0.0F;
    const std::optional<float> value = list.real_number(node.input(2));
    if (!value || std::isnan(*value)) node.fail("constant_value must be one float");
    return *value;
}

bool is_map_padding(const PadExtents& pads) {
    if (pads.begin.size() != 4) return false;
    for (const int axis : {0, 1})
        if (pads.begin[axis] != 0 || pads.end[axis] != 0) return false;
    for (const int axis : {2, 3})
        if (pads.begin[axis] < 0 || pads.end[axis] < 0) return false;
    return true;
}

bool pads_itself(const Node& node) {
    const Integers pads = node.integers("pads");
    return std::any_of(pads.begin(), pads.end(), [](std::int64_t v) { return v != 0; });
}

// A convolution pads with zeros by itself. A mean over windows does where it counts them, as long as
// it has no pads of its own and no window beyond the padding.
bool takes_pads(const Node& reader, const std::string& padded) {
    if (reader.input(0) != padded || reader.text("auto_pad", "NOTSET") != "NOTSET") return false;
    if (reader.type == "Conv") return true;
    return reader.type == "AveragePool" && !pads_itself(reader) &&
           reader.integer("ceil_mode", 0) == 0;
}

class PadRewriter {
public:
    explicit PadRewriter(NodeList& list) : list_(list), index_(list) {}

    void run() {
        std::vector<Node> nodes;
        for (Node& node : list_.nodes) {
            if (node.type != "Pad") {
                nodes.push_back(std::move(node));
                continue;
            }
            if (fold(node)) continue;
            for (Node& part : joined(node)) {
                const std::string& name = part.outputs.front();
                list_.values[name] = {infer_shape(part, list_), std::nullopt, "", std::nullopt};
                nodes.push_back(std::move(part));
            }
        }
        list_.nodes = std::move(nodes);
    }

private:
    bool fold(const Node& node) {
        const PadExtents pads = pad_extents(node, list_);
        const std::string& padded = node.outputs.front();
        const std::vector<int>& readers = index_.readers(padded);
        bool fits = pad_value(node, list_) == 0.0F && is_map_padding(pads) && !readers.empty() &&
                    index_.uses(padded) == readers.size();
        for (const int reader : readers) fits = fits && takes_pads(list_.nodes[reader], padded);
        if (!fits) return false;
        for (const int at : readers) {
            Node& reader = list_.nodes[at];
            Integers own = reader.integers("pads");
            own.resize(4, 0);
            const Integers added{pads.begin[2], pads.begin[3], pads.end[2], pads.end[3]};
            for (std::size_t i = 0; i < 4; ++i)
                own[i] += std::clamp<std::int64_t>(added[i], 0, 1 << 20);
            reader.attributes["pads"] = own;
            if (reader.type == "AveragePool")
                reader.attributes["count_include_pad"] = std::int64_t{1};
            reader.inputs.front() = node.input(0);
        }
        return true;
    }

    // Negative pads cut, the others join blocks of the value, axis by axis.
    std::vector<Node> joined(const Node& node) {
        const PadExtents pads = pad_extents(node, list_);
        const float value = pad_value(node, list_);
        Expansion out(node, list_);
        Shape shape = list_.shape(node, 0);
        std::string from = node.input(0);
        for (std::size_t axis = 0; axis < shape.size(); ++axis) {
            const std::int64_t begin = pads.begin[axis], end = pads.end[axis];
            const auto at = static_cast<std::int64_t>(axis);
            if (begin < 0 || end < 0) {
                const std::int64_t first = std::max<std::int64_t>(-begin, 0);
                const std::int64_t last = shape[axis] + std::min<std::int64_t>(end, 0);
                from = out.add("Slice", {from, out.integers({first}), out.integers({last}),
                                         out.integers({at})});
                shape[axis] = static_cast<int>(last - first);
            }
            std::vector<std::string> parts{from};
            if (begin > 0) parts.insert(parts.begin(), block(node, out, shape, axis, begin, value));
            if (end > 0) parts.push_back(block(node, out, shape, axis, end, value));
            if (parts.size() > 1) from = out.add("Concat", parts, {{"axis", at}});
            shape[axis] +=
                static_cast<int>(std::max<std::int64_t>(begin, 0) + std::max<std::int64_t>(end, 0));
        }
        out.finish("Reshape", {from, out.integers({shape.begin(), shape.end()})});
        return out.take();
    }

    static std::string block(const Node& node, Expansion& out, Shape shape, std::size_t axis,
                             std::int64_t extent, float value) {
        shape[axis] = static_cast<int>(extent);
        const std::int64_t count =
            checked_elements({shape.begin(), shape.end()}, most_activation_elements, node.place());
        out.list().spend(node, count);
        return out.constant(
            real_constant(shape, std::vector<float>(static_cast<std::size_t>(count), value)));
    }

    NodeList& list_;
    PatternIndex index_;
};

}  // namespace

void rewrite_pads(NodeList& list) { PadRewriter(list).run(); }

}  // namespace acim::onnx_import
