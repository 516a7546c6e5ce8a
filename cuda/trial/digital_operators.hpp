// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "cuda/model/digital/pool.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/trial/network.hpp"

// Loops over one image for the operators between products; the arithmetic is cuda/model/digital.
// Inputs and outputs are in C order and do not overlap.
namespace acim {

using Values = std::span<const float>;
using MutableValues = std::span<float>;

// What output (oy, ox) of a pooling layer looks at.
ACIM_HD inline digital::PoolWindow window_at(const PoolGeometry& p, int oy, int ox) {
    return {digital::pool_range(oy, p.kernel_height, p.stride_height, p.pad_top, p.in_height),
            digital::pool_range(ox, p.kernel_width, p.stride_width, p.pad_left, p.in_width)};
}

void run_relu(Values in, MutableValues out);
void run_clip(const Clip& op, Values in, MutableValues out);
// b has as many elements as a, or one.
void run_add(Values a, Values b, MutableValues out);
// Channel = axis 1: [1, C, ...], so that C = scale.size() blocks of equal length follow each other.
void run_affine(const Affine& op, Values in, MutableValues out);
void run_max_pool(const PoolGeometry& pool, Values in, MutableValues out);
void run_average_pool(const AveragePool& op, Values in, MutableValues out);

}  // namespace acim
