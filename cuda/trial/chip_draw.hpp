// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/random/inverse_normal.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {

// Static unit normal of a place on a chip [2^-24].
inline std::int32_t chip_draw(NoiseSource source, const ChipPlace& place, PhiloxKey chip) {
    return inverse_normal(inverse_normal_table(), chip_uniform(source, place, chip));
}

// The same as a number.
inline double chip_normal(NoiseSource source, const ChipPlace& place, PhiloxKey chip) {
    return chip_draw(source, place, chip) / 16777216.0;
}

}  // namespace acim
