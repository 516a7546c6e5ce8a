// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace acim {

// How a tile kernel goes through the conversions of a column.
enum class TileColumns : std::uint8_t {
    serial,  // all alike: cycles of one bit, each through its ADC once
    mixed    // cycles of any width; some conversions are digital, rounded without noise or voted on
};

// What chooses a version of the tile kernels, beside the sampler.
struct TileShape {
    int bits = 8;  // of inputs
    TileColumns columns = TileColumns::mixed;
    int threshold_side = 0;  // of tiles_thresholds

    auto operator<=>(const TileShape&) const = default;
};

}  // namespace acim
