// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/sweep/macro_check.hpp"
#include "host/sweep/technology.hpp"

namespace acim {

// Throws InputError where constants are missing that would make something free of charge unnoticed:
// the supply, or what the chosen model of the ADC is computed from. The model `fit` without constants
// is a technology whose ADC stands in another block.
void check_technology(const Technology& technology, const PlaceOf& place_of);

}  // namespace acim
