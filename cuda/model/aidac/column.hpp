// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/rounding.hpp"

// From inputs to one voltage per output and block, as an effective weight of every row, so that a
// chip's chain is one integer product of effective operands.
namespace acim::aidac {

// Sums of q in one bit column of a block.
struct ColumnSums {
    std::int32_t all = 0;     // over its K units
    std::int32_t joined = 0;  // over the units that the join takes, rows 0 .. 2^j-1
};

// Share of bit column j and its part of the join, 2^j where all units are alike:
//   V_col = sum_i w_ij C_i V_x,i / (C_col + r3*K*C_u)
//   V_mac = sum_j Cg_j V_col,j / (C_g + r4*255*C_u)
// (SPEC section 5). `joined` is the sum of q over all 255 joined units.
ACIM_HD inline double bit_weight(const Terms& t, int bit, const ColumnSums& column,
                                 std::int32_t joined) {
    const double rows = t.rows;
    const double share = (1.0 + t.column_parasitic) * rows /
                         (rows + t.mismatch * column.all + t.column_parasitic * rows);
    const double part = static_cast<double>(1 << bit) + t.mismatch * column.joined;
    const double all = join_units + t.mismatch * joined + t.join_parasitic * join_units;
    return share * ((1.0 + t.join_parasitic) * join_units * part / all);
}

// Effective weight of one row [1/64]: its stored bits, each with its own unit q[j].
ACIM_HD inline std::int32_t effective_weight(const Terms& t, std::int32_t weight,
                                             const double* bit_weights, const std::int8_t* q) {
    double sum = 0.0;
    for (int j = 0; j < operand_bits; ++j)
        if ((weight >> j & 1) != 0) sum = sum + (1.0 + t.mismatch * q[j]) * bit_weights[j];
    return static_cast<std::int32_t>(round_half_even(operand_steps * sum));
}

// Relative deviation of a group of 2^b units per step of its one draw is s_u/16/2^(b/2); this is
// the group's own, in units [C_u].
ACIM_HD inline double group_deviation(const Terms& t, int bit) {
    return t.mismatch * sqrt(static_cast<double>(1 << bit));
}

// Share of a column of grouped weights, 1 where all units are alike; `sums` holds the sum of q of
// each of its 8 groups over the K rows. The second reading of the paper:
//   V_col = sum_i V_i sum_b w_ib C_ib / (sum C + r3*255*K*C_u)
ACIM_HD inline double grouped_share(const Terms& t, const std::int32_t* sums) {
    const double units = static_cast<double>(t.rows) * join_units;
    double all = units;
    for (int b = 0; b < operand_bits; ++b) all = all + group_deviation(t, b) * sums[b];
    return (1.0 + t.column_parasitic) * units / (all + t.column_parasitic * units);
}

// Effective weight of one row [1/64] where its bit b is one group of 2^b units with draw q[b].
ACIM_HD inline std::int32_t effective_grouped_weight(const Terms& t, std::int32_t weight,
                                                     double share, const std::int8_t* q) {
    double sum = 0.0;
    for (int b = 0; b < operand_bits; ++b)
        if ((weight >> b & 1) != 0)
            sum = sum + (static_cast<double>(1 << b) + group_deviation(t, b) * q[b]);
    return static_cast<std::int32_t>(round_half_even(operand_steps * (sum * share)));
}

}  // namespace acim::aidac
