// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/unsupported.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/onnx/lower.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

constexpr std::size_t most_types = 20, most_nodes = 5;  // of one message

struct Advice {
    const char* nearest;
    std::vector<std::string> types;
};

const std::vector<Advice>& advice() {
    static const std::vector<Advice> table{
        {"quantise by QuantizeLinear and DequantizeLinear around float operators (QDQ)",
         {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear",
          "com.microsoft.QGemm", "com.microsoft.QLinearAdd"}},
        {"Quant of two bits or more", {"BipolarQuant", "Trunc"}},
        {"trace the model at fixed sizes instead of scripting it", {"If", "Loop", "Scan"}},
        {"cut the model at its logits", {"ArgMax", "ArgMin", "TopK", "NonMaxSuppression"}},
        {"Gather of constant indices, Slice and Concat",
         {"GatherElements", "GatherND", "ScatterND", "ScatterElements", "NonZero", "Compress"}},
        {"Gelu, HardSwish, Elu or LeakyRelu",
         {"Selu", "Celu", "Softplus", "Softsign", "Mish", "ThresholdedRelu", "Shrink"}},
        {"export with opset 17 to 20, which writes it out",
         {"Attention", "RMSNormalization", "RotaryEmbedding", "Swish"}},
        {"the size that the network was trained for", {"Resize", "Upsample", "GridSample"}},
        {"Conv and Reshape", {"ConvTranspose", "DepthToSpace", "SpaceToDepth"}},
        {"an unrolled network of Gemm, Sigmoid and Tanh", {"LSTM", "GRU", "RNN"}}};
    return table;
}

std::string nearest(const std::string& type) {
    const std::string bare = type.substr(type.rfind('.') + 1);
    for (const Advice& entry : advice())
        for (const std::string& name : entry.types)
            if (name == type || name == bare) return fmt::format(" (nearest: {})", entry.nearest);
    return "";
}

std::string shown_name(const Node& node) {
    return printable(node.name.empty() ? node.outputs.front() : node.name);
}

}  // namespace

void check_operators(const NodeList& list) {
    std::vector<std::string> known = supported_operators();
    const std::vector<std::string> constant = constant_operators();
    known.insert(known.end(), constant.begin(), constant.end());
    std::sort(known.begin(), known.end());
    std::vector<Node> unknown;
    for (const Node& node : list.nodes)
        if (!std::binary_search(known.begin(), known.end(), node.type)) unknown.push_back(node);
    if (!unknown.empty()) fail_unsupported(unknown);
}

void fail_unsupported(const std::vector<Node>& nodes) {
    std::vector<std::string> types;  // in the order of the file
    std::map<std::string, std::vector<std::string>> names;
    for (const Node& node : nodes) {
        if (!names.contains(node.type)) types.push_back(node.type);
        names[node.type].push_back(shown_name(node));
    }
    std::vector<std::string> lines;
    for (const std::string& type : types) {
        if (lines.size() == most_types) {
            lines.push_back(fmt::format("{} more", types.size() - most_types));
            break;
        }
        std::vector<std::string>& all = names[type];
        const std::size_t count = all.size();
        if (count > most_nodes) all.resize(most_nodes);
        lines.push_back(
            fmt::format("{} at '{}'{}{}", printable(type), fmt::join(all, "', '"),
                        count > most_nodes ? fmt::format(" and {} more", count - most_nodes) : "",
                        nearest(type)));
    }
    throw Problem(fmt::format(
        "{} {} not supported: {}. Supported are {}; on constants and shapes also {}", types.size(),
        types.size() == 1 ? "operator is" : "operators are", fmt::join(lines, "; "),
        fmt::join(supported_operators(), ", "), fmt::join(constant_operators(), ", ")));
}

}  // namespace acim::onnx_import
