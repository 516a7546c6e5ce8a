// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

// What one chip makes of a product: everything static, drawn once.
struct AidacChip {
    // Effective input bits [1/64], [array][bit][depth]; empty where they are 64*2^b.
    std::vector<std::int16_t> inputs;
    // Effective weights [1/64], [output][depth]; empty where they are 64*w.
    std::vector<std::int16_t> weights;
    std::vector<aidac::ConverterError> converters;  // [span][output][block]
    std::vector<double> reference;                  // [span][array], sum of its blocks' o [FS]
};

// `weights` are the array's operands, 0 .. 255, [outputs][depth].
AidacChip draw_aidac_chip(const LayerPlan& plan, const AidacLayout& layout,
                          const aidac::Terms& terms, std::span<const std::int16_t> weights,
                          const ProductSite& site);

}  // namespace acim
