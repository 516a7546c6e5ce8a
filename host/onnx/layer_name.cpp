// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/layer_name.hpp"

#include "host/onnx/problem.hpp"

namespace acim::onnx_import {
namespace {

std::string without_ending(const std::string& name, std::string_view ending) {
    if (name.size() <= ending.size() || !name.ends_with(ending)) return "";
    return name.substr(0, name.size() - ending.size());
}

std::vector<std::string> split_path(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        if (end > begin) parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

// PyTorch writes the path of modules; inside a container a part repeats the one before it
// ("layer1/layer1.0"). The last part is the operator's type, perhaps numbered.
std::string module_path(const std::string& name, const std::string& type) {
    std::vector<std::string> parts = split_path(name);
    if (parts.empty() || !parts.back().starts_with(type)) return "";
    parts.pop_back();
    std::string path;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i + 1 < parts.size() && parts[i + 1].starts_with(parts[i] + ".")) continue;
        path += (path.empty() ? "" : ".") + parts[i];
    }
    return path;
}

}  // namespace

std::string layer_name(const Node& node, const std::string& weight_label,
                       const std::string& bias_label) {
    std::string name = without_ending(weight_label, ".weight");
    if (name.empty()) name = without_ending(weight_label, ".weight_quantized");
    if (name.empty()) name = without_ending(bias_label, ".bias");
    if (name.empty() && weight_label.ends_with(".in_proj_weight"))
        name = without_ending(weight_label, "_weight");
    if (name.empty() && bias_label.ends_with(packed_bias))
        name = without_ending(bias_label, "_bias");
    if (name.empty()) name = module_path(node.name, node.type);
    return name.empty() ? node_name(node) : printable(name);
}

std::string computed_layer_name(const Node& node, const std::string& role) {
    const std::vector<std::string> parts = split_path(node.name);
    const std::string path = module_path(node.name, parts.empty() ? "" : parts.back());
    return printable(path.empty() ? role : path + "." + role);
}

std::string node_name(const Node& node) {
    const std::size_t begin = node.name.find_first_not_of('/');
    return printable(begin == std::string::npos ? node.type : node.name.substr(begin));
}

}  // namespace acim::onnx_import
