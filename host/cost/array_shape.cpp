// SPDX-License-Identifier: Apache-2.0
#include "host/cost/array_shape.hpp"

#include <algorithm>

#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/encoding.hpp"

namespace acim {

ArrayShape array_shape(const MacroParams& macro, int weight_bits) {
    ArrayShape shape;
    if (macro.kind == MacroKind::aidac) {
        const AidacParams& aidac = macro.aidac;
        shape.rows = aidac.blocks * aidac.block_rows;
        shape.outputs = shape.adcs = aidac.outputs_per_array;
        shape.columns = aidac.outputs_per_array * weight_bits;
        return shape;
    }
    const ArrayParams& array = macro.array;
    const int joined = column_layout(macro.weight_encoding, weight_bits).count;
    shape.rows = macro.rows * array.row_groups;
    shape.columns = array.columns;
    shape.outputs = std::max(outputs_per_array(array, joined), 1);
    shape.adcs = adcs_per_array(array);
    shape.adc_turns = array.columns_per_adc;
    if (macro.weight_parallel) {  // the columns of an output are converted together
        shape.adcs = std::min(shape.adcs, shape.outputs);
        shape.adc_turns = (array.columns_per_adc + joined - 1) / joined;
    }
    return shape;
}

}  // namespace acim
