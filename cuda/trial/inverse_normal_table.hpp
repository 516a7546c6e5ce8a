// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/model/random/inverse_normal.hpp"

namespace acim {

// The one table of the integer inverse normal, built at first use by cubic interpolation at
// Chebyshev nodes; the same integers on every host.
const InverseNormalTable& inverse_normal_table();

}  // namespace acim
