// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/host_device.hpp"

// The elementwise operators between products, on float32 values. Comparisons are written so that
// NaN and signed zeros give one defined result: NaN becomes the bound that it is compared with.
namespace acim::digital {

ACIM_HD inline float relu(float x) { return x > 0.0F ? x : 0.0F; }

ACIM_HD inline float clip(float x, float low, float high) {
    const float raised = x > low ? x : low;
    return raised < high ? raised : high;
}

ACIM_HD inline float add(float a, float b) { return a + b; }

ACIM_HD inline float subtract(float a, float b) { return a - b; }
ACIM_HD inline float multiply(float a, float b) { return a * b; }
ACIM_HD inline float divide(float a, float b) { return a / b; }
ACIM_HD inline float lesser(float a, float b) { return a < b ? a : b; }
ACIM_HD inline float greater(float a, float b) { return a > b ? a : b; }

// x * scale + shift: the product of two floats is exact in double, so that contraction into a fused
// multiply-add cannot change the result.
ACIM_HD inline float affine(float x, float scale, float shift) {
    const double product = static_cast<double>(x) * static_cast<double>(scale);
    return static_cast<float>(product + static_cast<double>(shift));
}

}  // namespace acim::digital
