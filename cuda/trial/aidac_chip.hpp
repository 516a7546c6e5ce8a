// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/model/aidac/column.hpp"
#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/aidac/time.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {

// Where a layer's product lies in arrays of block_rows x 256 cells. Output o of the layer belongs
// to horizontal array o / outputs_per_array, and all arrays of one span of rows come before those
// of the next. Groups of a convolution that share an array use it one after the other.
struct AidacLayout {
    int outputs = 0;    // of this product
    int depth = 0;      // K of the layer
    int span_rows = 0;  // blocks * block_rows
    int spans = 0;
    int per_array = 0;     // outputs of one array
    int first_output = 0;  // of this product within the layer
    int first_array = 0;   // horizontal array of that output
    int arrays = 0;        // horizontal arrays that the product touches
    int layer_arrays = 0;  // horizontal arrays of the layer

    ACIM_HD int array_of(int output) const {
        return (first_output + output) / per_array - first_array;
    }
    // First output of the product in its horizontal array.
    ACIM_HD int first_in_array(int array) const {
        const int first = (first_array + array) * per_array - first_output;
        return first < 0 ? 0 : first;
    }
    ACIM_HD int column_of(int output) const { return (first_output + output) % per_array; }
    ACIM_HD int rows_of(int span) const {
        const int left = depth - span * span_rows;
        return left < span_rows ? left : span_rows;
    }
};

AidacLayout aidac_layout(const LayerPlan& plan, int outputs, const ProductSite& site);

// What makes effective weights of operands: the deviations q of a row's units for each bit, and the
// shares of an output's columns in one block; of grouped weights they have one share, that of bit 0.
struct AidacRow {
    std::int8_t q[aidac::operand_bits];
};
struct AidacColumn {
    double share[aidac::operand_bits];
};
ACIM_HD inline std::int16_t effective_weight(const aidac::Terms& terms, std::int32_t weight,
                                             const AidacColumn& column, const AidacRow& row) {
    return static_cast<std::int16_t>(
        terms.topology == AidacTopology::grouped_cells
            ? aidac::effective_weight(terms, weight, column.share, row.q)
            : aidac::effective_grouped_weight(terms, weight, column.share[0], row.q));
}

// What one chip makes of a product: everything static, drawn once.
struct AidacChip {
    // Effective input bits [1/64], [array][bit][depth]; empty where they are 64*2^b.
    std::vector<std::int16_t> inputs;
    // Effective weights [1/64], [output][depth]; empty where they are 64*w.
    std::vector<std::int16_t> weights;
    // In place of them where weights are computed for every image.
    std::vector<AidacRow> rows;                     // [output][depth]
    std::vector<AidacColumn> columns;               // [output][blocks of rows]
    std::vector<aidac::ConverterError> converters;  // [span][output][block]
    std::vector<double> reference;                  // [span][array], sum of its blocks' o [FS]
};

// `weights` are the array's operands, 0 .. 255, [outputs][depth]; none where they are computed later.
AidacChip draw_aidac_chip(const LayerPlan& plan, const AidacLayout& layout,
                          const aidac::Terms& terms, std::span<const std::int16_t> weights,
                          const ProductSite& site);

}  // namespace acim
