// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/problem.hpp"

namespace acim::onnx_import {

std::string printable(std::string_view name) {
    constexpr std::size_t longest = 200;
    std::string text(name.substr(0, longest));
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    if (name.size() > longest) text += "...";
    return text;
}

}  // namespace acim::onnx_import
