// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/cost/layer_cost.hpp"

namespace acim {

// Energy of AiDAC's chain (SPEC section 5; docs/cost.md): inputs are converted on the capacitors of
// their own row in every array, charge is shared without a supply, voltages become times and times
// codes. Without control, shift-adds and buffers.
Energy aidac_energy(const LayerWork& work, const LayerActivity& activity,
                    const LayerSettings& settings, const Technology& technology);

}  // namespace acim
