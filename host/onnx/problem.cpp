// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/problem.hpp"

#include <fmt/format.h>

#include <utility>

namespace acim::onnx_import {

NodeProblem::NodeProblem(std::string node, std::string type, std::string reason)
    : Problem(fmt::format("node '{}' ({}): {}", node, type, reason)),
      node_(std::move(node)),
      type_(std::move(type)),
      reason_(std::move(reason)) {}

std::string printable(std::string_view name) {
    constexpr std::size_t longest = 200;
    std::string text(name.substr(0, longest));
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    if (name.size() > longest) text += "...";
    return text;
}

}  // namespace acim::onnx_import
