// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>

#include "host/onnx/node.hpp"

// One function per operator on constants. Each spends before it allocates.
namespace acim::onnx_import {

Constant fold_unary(const Node& node, NodeList& list);
Constant fold_binary(const Node& node, NodeList& list);
Constant fold_where(const Node& node, NodeList& list);

Constant fold_concat(const Node& node, NodeList& list);
Constant fold_constant_of_shape(const Node& node, NodeList& list);
Constant fold_gather(const Node& node, NodeList& list);
Constant fold_movement(const Node& node, NodeList& list);
Constant fold_range(const Node& node, NodeList& list);
Constant fold_trilu(const Node& node, NodeList& list);

// Types that these two take.
std::vector<std::string> unary_types();
std::vector<std::string> binary_types();

// The constant at an input that must be there.
const Constant& operand(const Node& node, const NodeList& list, std::size_t index);
// A constant of the same type with other elements.
Constant like(const Constant& from, Shape shape, std::vector<float> values);
Constant like(const Constant& from, Shape shape, std::vector<std::int64_t> values);

// The elements of a constant that is known to hold floats, or integers.
template <class Number>
const std::vector<Number>& elements_of(const Constant& from) {
    if constexpr (std::is_same_v<Number, float>)
        return *from.reals;
    else
        return *from.integers;
}

// Calls make(elements of `from`) with the one array that is there.
template <class Make>
auto with_elements(const Constant& from, Make make) {
    return from.is_real() ? make(*from.reals) : make(*from.integers);
}

}  // namespace acim::onnx_import
