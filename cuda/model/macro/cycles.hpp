// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

inline constexpr int max_weight_bits = 8;
inline constexpr int max_activation_bits = 9;
inline constexpr int max_cycles = max_activation_bits;

// How an activation of X bits is driven: cycle j carries `width[j]` bits from bit `low_bit[j]`.
// Cycles ascend from the least significant bit; if e does not divide X the top cycle carries the
// rest. Signed activations with e > 1 drive their sign bit alone, last (SPEC section 3).
struct CycleLayout {
    int count = 0;
    int width[max_cycles] = {};
    int low_bit[max_cycles] = {};
    bool negative[max_cycles] = {};  // the sign cycle of a signed activation
};

ACIM_HD inline CycleLayout cycle_layout(int activation_bits, int bits_per_cycle, bool is_signed) {
    CycleLayout layout;
    const int magnitude_bits = is_signed ? activation_bits - 1 : activation_bits;
    for (int bit = 0; bit < magnitude_bits; bit += bits_per_cycle) {
        const int left = magnitude_bits - bit;
        layout.low_bit[layout.count] = bit;
        layout.width[layout.count++] = left < bits_per_cycle ? left : bits_per_cycle;
    }
    if (is_signed) {
        layout.low_bit[layout.count] = activation_bits - 1;
        layout.width[layout.count] = 1;
        layout.negative[layout.count++] = true;
    }
    return layout;
}

// Value that cycle j drives, 0 .. 2^width-1, from the activation's X bits.
ACIM_HD inline std::uint32_t cycle_value(const CycleLayout& layout, int j, std::uint32_t bits) {
    return bits >> layout.low_bit[j] & ((1u << layout.width[j]) - 1u);
}

// Full scale of a cycle [counts]: every one of `rows` cells at the largest drive.
ACIM_HD inline std::int64_t full_scale(int rows, int width) {
    return std::int64_t{rows} * ((1 << width) - 1);
}

}  // namespace acim
