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

// The draws of rows one after the other: a call serves two neighbours.
class ChipRowDraws {
public:
    ChipRowDraws(NoiseSource source, const ChipPlace& first, PhiloxKey chip)
        : source_(source),
          place_(first),
          chip_(chip),
          call_(philox4x32(chip_counter(source, first), chip)) {}

    // The integer unit normal of the next row [2^-24].
    std::int32_t next() {
        const std::int32_t z =
            inverse_normal(inverse_normal_table(), wide_uniform(call_, place_.row & 1u));
        if ((++place_.row & 1u) == 0) call_ = philox4x32(chip_counter(source_, place_), chip_);
        return z;
    }

private:
    NoiseSource source_;
    ChipPlace place_;
    PhiloxKey chip_;
    PhiloxWords call_;
};

}  // namespace acim
