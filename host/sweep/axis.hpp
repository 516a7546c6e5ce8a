// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/sweep/document.hpp"

namespace acim {

// The grid axes in the order written, then the zip axis if there is one. Throws InputError.
//
// A generated axis is computed with IEEE operations only, so that it is the same everywhere, and
// rounded to 12 significant digits, so that {linspace: [0, 1, 11]} holds 0.3 itself:
//   linspace [a, b, n]         n values from a to b, both included
//   logspace [a, b, n]         n values from a to b in a geometric series, both included, both > 0
//   range [start, stop, step]  as Python's range: stop is not included
std::vector<Axis> read_axes(const Document& document);

}  // namespace acim
