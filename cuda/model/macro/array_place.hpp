// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/params.hpp"

namespace acim {

// Where a logical column lies on the chip (SPEC section 4, physical place). Pixels, images, cycles
// and votes reuse the same cells and the same ADC.
struct ColumnPlace {
    std::uint32_t array = 0;   // number of the array: of its layer, or of the chip with array.count
    std::uint32_t column = 0;  // in the array
    std::uint32_t row = 0;     // first cell row of the row group
    std::uint32_t adc = 0;     // in the array
};

// Whole outputs that fit the columns of an array: Q.
ACIM_HD inline int outputs_per_array(const ArrayParams& array, int columns_per_output) {
    return array.columns / columns_per_output;
}

ACIM_HD inline int adcs_per_array(const ArrayParams& array) {
    return (array.columns + array.columns_per_adc - 1) / array.columns_per_adc;
}

// Tiles that a layer of `groups` row groups and `outputs` outputs takes.
ACIM_HD inline std::int64_t layer_tiles(const ArrayParams& array, int columns_per_output,
                                        int groups, int outputs) {
    const int q = outputs_per_array(array, columns_per_output);
    const std::int64_t down = (groups + array.row_groups - 1) / array.row_groups;
    return down * ((outputs + q - 1) / q);
}

// Place of column i of output o (within the layer) in row group g. `outputs` is the layer's, and
// `first_tile` counts the tiles of the layers before it.
ACIM_HD inline ColumnPlace column_place(const ArrayParams& array, int rows, int columns_per_output,
                                        int outputs, std::int64_t first_tile, int g, int o, int i) {
    const int q = outputs_per_array(array, columns_per_output);
    const std::int64_t tile = std::int64_t{g / array.row_groups} * ((outputs + q - 1) / q) + o / q;
    ColumnPlace place;
    place.array =
        static_cast<std::uint32_t>(array.count == 0 ? tile : (first_tile + tile) % array.count);
    place.column = static_cast<std::uint32_t>(o % q * columns_per_output + i);
    place.row = static_cast<std::uint32_t>(g % array.row_groups * rows);
    place.adc = place.column / static_cast<std::uint32_t>(array.columns_per_adc);
    return place;
}

}  // namespace acim
