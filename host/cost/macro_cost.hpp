// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "host/cost/layer_cost.hpp"

namespace acim {

// The product that a macro is asked for when nothing but the macro is known.
struct MacroLoad {
    std::optional<int> inputs;   // absent: as many as one array has rows
    std::optional<int> outputs;  // absent: as many as one array holds
    double weight_ones = 0.5;    // share of stored ones
    double input_ones = 0.5;     // share of ones in the inputs
};

// What one vector-matrix product takes: the macro's data sheet.
struct MacroCost {
    int inputs = 0, outputs = 0;
    LayerWork work;
    Cost cost;  // of one product of unsigned inputs
    // Of one conversion, all that it takes in ADC and array [J]; NaN without conversions.
    double column_operation() const;
};

// Throws InputError where the settings do not fit.
MacroCost macro_cost(const LayerSettings& settings, const Technology& technology,
                     const MacroLoad& load);

}  // namespace acim
