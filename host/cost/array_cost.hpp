// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/macro/params.hpp"
#include "host/sweep/technology.hpp"

namespace acim {

// Time of one evaluation of an array with all its conversions [s]. Columns that share an ADC take
// turns; with array.overlap the next sums are prepared meanwhile.
double round_time(const LayerSettings& settings, const Technology& technology);

// Area of one array with its drivers and converters [m2], used or not; NaN where the technology has
// no area for a cell.
double array_area(const LayerSettings& settings, const Technology& technology);

}  // namespace acim
