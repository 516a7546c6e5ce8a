// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/rounding.hpp"

// Input conversion on the row's own 256 units: group b of 2^b units is driven to V_ref*x_b, the
// dummy to 0, then the row is shorted,
//   V_x = V_ref * sum_b x_b C(G_b) / (C_row + r1*256*C_u)        (SPEC section 5)
namespace acim::aidac {

// The 8-bit unsigned operand that the array sees: offset binary, left-aligned. `offset` is
// 2^(bits-1) for signed operands.
ACIM_HD inline std::int32_t array_operand(std::int32_t value, std::int32_t offset, int bits) {
    return (value + offset) << (operand_bits - bits);
}

// Input bit whose group holds a column of the row, -1 for the dummy in column 0.
ACIM_HD inline int input_group(int column) {
    int bit = -1;
    for (; column != 0; column >>= 1) ++bit;
    return bit;
}

// Effective value of input bit b in one row [1/64]: 2^b where all units are alike, because the
// parasitic gain is calibrated out. `group` and `row` are sums of q over G_b and over all units.
ACIM_HD inline std::int32_t effective_input_bit(const Terms& t, int bit, std::int32_t group,
                                                std::int32_t row) {
    const double on = static_cast<double>(1 << bit) + t.mismatch * group;
    const double all = row_units + t.mismatch * row + t.row_parasitic * row_units;
    const double share = (1.0 + t.row_parasitic) * row_units * on / all;
    return static_cast<std::int32_t>(round_half_even(operand_steps * share));
}

// Adds bit b of operand x to a row's effective input, where the bit counts `bit` [1/64].
ACIM_HD inline std::int16_t add_input_bit(std::int16_t sum, std::int16_t bit, std::int16_t x,
                                          int b) {
    return static_cast<std::int16_t>(sum + (bit & -(x >> b & 1)));
}

}  // namespace acim::aidac
