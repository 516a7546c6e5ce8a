// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/params.hpp"

namespace acim {

inline constexpr int max_columns = 2 * (max_weight_bits - 1);  // of one output: differential
inline constexpr int max_column_conversions = max_columns * max_cycles;

// The columns of one-bit cells that hold one output's weights: column i weighs +-2^bit[i].
struct ColumnLayout {
    int count = 0;
    int levels = 0;  // bit positions: the planes that hybrid and voting levels count
    int bit[max_columns] = {};
    bool negative[max_columns] = {};
};

// A one-bit weight is one positive column whatever the encoding.
ACIM_HD inline ColumnLayout column_layout(WeightEncoding encoding, int weight_bits) {
    ColumnLayout layout;
    if (encoding == WeightEncoding::differential && weight_bits > 1) {
        layout.levels = weight_bits - 1;
        for (int side = 0; side < 2; ++side) {
            for (int i = 0; i < layout.levels; ++i) {
                layout.bit[layout.count] = i;
                layout.negative[layout.count++] = side == 1;
            }
        }
        return layout;
    }
    layout.levels = weight_bits;
    for (int i = 0; i < weight_bits; ++i) layout.bit[layout.count++] = i;
    if (encoding == WeightEncoding::twos_complement && weight_bits > 1)
        layout.negative[weight_bits - 1] = true;
    return layout;
}

// The bit that column i stores for weight w. For xnor 1 stands for +1 and 0 for -1.
ACIM_HD inline int stored_bit(WeightEncoding encoding, int weight_bits, const ColumnLayout& layout,
                              int i, int w) {
    if (weight_bits > 1) {
        if (encoding == WeightEncoding::offset_binary || encoding == WeightEncoding::xnor)
            w += 1 << (weight_bits - 1);
        if (encoding == WeightEncoding::differential && w < 0) {
            if (!layout.negative[i]) return 0;
            w = -w;
        } else if (encoding == WeightEncoding::differential && layout.negative[i]) {
            return 0;
        }
    }
    return w >> layout.bit[i] & 1;
}

// Where all columns of two's complement weights are converted at once: the largest sum of their
// weighted values, in full scales of one column, and the share of column i.
ACIM_HD inline std::int64_t parallel_span(int weight_bits) {
    return (std::int64_t{1} << (weight_bits - 1)) - 1;
}

template <class T>
ACIM_HD inline T column_share(const ColumnLayout& layout, int i, T value) {
    const T share = value * (1 << layout.bit[i]);
    return layout.negative[i] ? -share : share;
}

// Counts that the digital side adds per unit of a cycle's driven input sum, in units of half the
// integer product for xnor and of the product elsewhere: w = w' - 2^(W-1), or (w' - 1)/2 with w'
// the sum of +-2^i.
ACIM_HD inline std::int64_t input_correction(WeightEncoding encoding, int weight_bits) {
    if (weight_bits == 1) return encoding == WeightEncoding::xnor ? 1 : 0;
    if (encoding == WeightEncoding::offset_binary) return -(std::int64_t{1} << (weight_bits - 1));
    return encoding == WeightEncoding::xnor ? -1 : 0;
}

// What the ADC of a column sees [counts], 0 .. column_span: the sum s of driven values at stored
// ones, or for xnor s - (x - s) + FS with x the sum of all driven values.
ACIM_HD inline std::int64_t column_count(WeightEncoding encoding, std::int64_t s, std::int64_t x,
                                         std::int64_t full_scale) {
    return encoding == WeightEncoding::xnor ? 2 * s - x + full_scale : s;
}

ACIM_HD inline std::int64_t column_span(WeightEncoding encoding, std::int64_t full_scale) {
    return encoding == WeightEncoding::xnor ? 2 * full_scale : full_scale;
}

}  // namespace acim
