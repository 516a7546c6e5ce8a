// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/model/macro/params.hpp"
#include "cuda/trial/layer_plan.hpp"

namespace acim {

// Deviations as integers: value = q*step with |q| <= 127, rounded half to even. Columns then sum
// them exactly, as they do with drawn ones.
struct SteppedValues {
    std::vector<std::int8_t> q;
    double step = 0.0;  // of the unit of the values
};

// The largest |value| becomes 127 steps; values that are all 0 have the step 0.
SteppedValues in_steps(std::span<const double> values);

// The macro with the constants that follow from its measured chip where a key would have given
// them: the mean C_par, which the range of the ADC and kT/C refer to, and the unit of the peaks of
// row drivers. Without a chip, and a second time, nothing changes.
MacroParams with_measured_chip(MacroParams macro);

// Throws std::invalid_argument where the chip of plan.macro does not cover an array of the macro or
// has a term that its columns do not know.
void check_measured_chip(const LayerPlan& plan);

}  // namespace acim
