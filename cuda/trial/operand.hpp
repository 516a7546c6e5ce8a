// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cuda/model/digital/quantise.hpp"
#include "cuda/trial/network.hpp"

// From the floats of a tensor to the integers of a product's operand.
namespace acim {

// Appends the quantised values.
template <class Integer>
void quantise_onto(std::span<const float> values, const Quantisation& q,
                   std::vector<Integer>& out) {
    const int low = digital::quantised_low(q.bits, q.is_signed);
    const int high = digital::quantised_high(q.bits, q.is_signed);
    const std::size_t first = out.size();
    out.resize(first + values.size());
    std::ranges::transform(values, out.begin() + static_cast<std::ptrdiff_t>(first), [&](float x) {
        return static_cast<Integer>(digital::quantise(x, q.scale, low, high));
    });
}

// out[column][row] = in[row][column]
template <class Integer>
void transpose(const Integer* in, int rows, int columns, Integer* out) {
    for (int c = 0; c < columns; ++c)
        for (int r = 0; r < rows; ++r) *out++ = in[static_cast<std::size_t>(r) * columns + c];
}

}  // namespace acim
