// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/host_device.hpp"

namespace acim {

// The order of fragments: [columns of a tile of 16 outputs][blocks of 256 rows][32 lanes][4 words].
// Lane 4g + t holds words 2t and 2t+1 of outputs g and g+8 of its tile. This is where a word of an
// output (both counted from the start of their tile or row group) stands in its column.
ACIM_HD inline std::int64_t fragment_place(int output, int word) {
    const int lane = output % 8 * 4 + word % 8 / 2;
    const int reg = output / 8 % 2 + 2 * (word & 1);
    return std::int64_t{word / 8} * 128 + lane * 4 + reg;
}

}  // namespace acim
