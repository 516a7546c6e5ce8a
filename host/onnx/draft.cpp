// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/draft.hpp"

#include <fmt/format.h>

#include <cmath>

#include "host/onnx/problem.hpp"
#include "host/onnx/shape_rules.hpp"

namespace acim::onnx_import {

float rounded_parameter(double value, const DraftOperator& from) {
    const auto single = static_cast<float>(value);
    if (!std::isfinite(single))
        throw Problem(
            fmt::format("{}: a folded parameter is {}, beyond float32. Train or export "
                        "the model again",
                        from.place, value));
    return single;
}

std::vector<float> rounded_parameters(const std::vector<double>& values,
                                      const DraftOperator& from) {
    std::vector<float> out;
    for (const double value : values) out.push_back(rounded_parameter(value, from));
    return out;
}

void join_axes(std::vector<int>& extents, std::vector<std::vector<int>>& strides) {
    for (std::size_t i = extents.size(); i-- > 0;) {
        bool goes_on = extents[i] == 1;
        if (!goes_on && i + 1 < extents.size()) {
            goes_on = true;
            for (const auto& own : strides)
                goes_on = goes_on && own[i] == std::int64_t{own[i + 1]} * extents[i + 1];
            if (goes_on) extents[i + 1] *= extents[i];
        }
        if (!goes_on) continue;
        extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(i));
        for (auto& own : strides) own.erase(own.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

Binary make_binary(BinaryKind kind, const Shape& out, const Shape& a, const Shape& b) {
    Binary binary;
    binary.kind = kind;
    binary.extents = out;
    std::vector<std::vector<int>> strides;
    for (const Shape* operand : {&a, &b}) {
        const auto own = broadcast_strides(*operand, out);
        strides.emplace_back(own.begin(), own.end());
    }
    join_axes(binary.extents, strides);
    binary.a_strides = strides[0];
    binary.b_strides = strides[1];
    return binary;
}

std::unordered_map<std::string, int> count_readers(const Draft& draft) {
    std::unordered_map<std::string, int> readers;
    for (const DraftOperator& op : draft.operators)
        for (const std::string& name : op.inputs) ++readers[name];
    ++readers[draft.output];
    return readers;
}

}  // namespace acim::onnx_import
