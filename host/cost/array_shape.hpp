// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/macro/params.hpp"

namespace acim {

// The physical array that a macro is made of (SPEC section 4, physical place).
struct ArrayShape {
    int rows = 0;
    int columns = 0;
    int outputs = 1;  // whole outputs that it holds; a wider one takes several arrays side by side
    int adcs = 0;     // no more than there are conversions at a time
    int adc_turns = 1;  // conversions that one of them makes in turn for one evaluation
};

ArrayShape array_shape(const MacroParams& macro, int weight_bits);

}  // namespace acim
