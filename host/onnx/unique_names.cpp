// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/unique_names.hpp"

namespace acim::onnx_import {

std::string UniqueNames::take(const std::string& name) {
    std::string unique = name;
    int& copy = last_.try_emplace(name, 1).first->second;
    while (!taken_.insert(unique).second) unique = name + ending(++copy);
    return unique;
}

std::string UniqueNames::ending(int copy) const {
    constexpr int most_underscores = 8;
    if (ending_ == Ending::underscores && copy <= most_underscores)
        return std::string(static_cast<std::size_t>(copy - 1), '_');
    return "_" + std::to_string(copy);
}

}  // namespace acim::onnx_import
