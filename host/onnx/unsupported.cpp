// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/unsupported.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/onnx/lower.hpp"
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

constexpr std::size_t most_lines = 20, most_nodes = 5;  // of one message

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

// "'a', 'b' and 3 more"
std::string names_text(const std::vector<std::string>& names) {
    const std::size_t shown = std::min(names.size(), most_nodes);
    std::string text = fmt::format(
        "'{}'",
        fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), "', '"));
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

}  // namespace

Unsupported::Line& Unsupported::Lines::at(const std::string& key) {
    const auto [found, is_new] = place.try_emplace(key, list.size());
    return is_new ? list.emplace_back() : list[found->second];
}

void Unsupported::add_operator(const Node& node) {
    Line& line = operators_.at(node.type);
    line.type = node.type;
    line.nodes.push_back(node.shown_name());
}

void Unsupported::add_form(const Problem& problem) {
    const auto* of_node = dynamic_cast<const NodeProblem*>(&problem);
    if (!of_node) {
        forms_.list.push_back({problem.what(), "", "", {}});
        return;
    }
    Line& line = forms_.at(of_node->type() + ": " + of_node->reason());
    if (line.nodes.empty()) line = {problem.what(), of_node->type(), of_node->reason(), {}};
    line.nodes.push_back(of_node->node());
}

void Unsupported::throw_if_any() const {
    if (!any()) return;
    if (operators_.list.empty()) throw Problem(forms_text());
    throw Problem(operators_text() + (forms_.list.empty() ? "" : ".\nBesides, " + forms_text()));
}

std::string Unsupported::operators_text() const {
    const std::vector<Line>& operators = operators_.list;
    std::vector<std::string> lines;
    for (const Line& line : operators) {
        if (lines.size() == most_lines) {
            lines.push_back(fmt::format("{} more", operators.size() - most_lines));
            break;
        }
        lines.push_back(fmt::format("{} at {}{}", printable(line.type), names_text(line.nodes),
                                    nearest(line.type)));
    }
    return fmt::format("{} {} not supported: {}. Supported are {}; on constants and shapes also {}",
                       operators.size(), operators.size() == 1 ? "operator is" : "operators are",
                       fmt::join(lines, "; "), fmt::join(supported_operators(), ", "),
                       fmt::join(constant_operators(), ", "));
}

// One problem stands for itself; several have a line each.
std::string Unsupported::forms_text() const {
    const std::vector<Line>& forms = forms_.list;
    std::size_t nodes = 0;
    for (const Line& line : forms) nodes += std::max<std::size_t>(line.nodes.size(), 1);
    if (nodes == 1) return forms.front().text;
    std::string text = fmt::format("{} forms are not supported:", nodes);
    for (std::size_t i = 0; i < forms.size() && i < most_lines; ++i) {
        const Line& line = forms[i];
        text += "\n  " + (line.nodes.size() < 2
                              ? line.text
                              : fmt::format("nodes {} ({}): {}", names_text(line.nodes), line.type,
                                            line.reason));
    }
    if (forms.size() > most_lines)
        text += fmt::format("\n  and {} more", forms.size() - most_lines);
    return text;
}

void find_unknown_operators(const NodeList& list, Unsupported& unsupported) {
    std::vector<std::string> known = supported_operators();
    const std::vector<std::string> constant = constant_operators();
    known.insert(known.end(), constant.begin(), constant.end());
    std::sort(known.begin(), known.end());
    for (const Node& node : list.nodes)
        if (!std::binary_search(known.begin(), known.end(), node.type))
            unsupported.add_operator(node);
}

}  // namespace acim::onnx_import
