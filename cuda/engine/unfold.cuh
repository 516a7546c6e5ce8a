// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/host_device.hpp"

namespace acim {

// Value of row r that pixel p of convolution group g sees in a slot's quantised input; padding is 0.
ACIM_HD inline std::int32_t unfolded(const UnfoldView& u, const std::int16_t* slot, int g, int p,
                                     int r) {
    if (u.taps == nullptr) return slot[static_cast<std::int64_t>(p) * u.depth + r];
    const Tap tap = u.taps[r];
    const int top = p / u.out_width * u.stride_height - u.pad_top;
    const int left = p % u.out_width * u.stride_width - u.pad_left;
    const int y = top + tap.dy, x = left + tap.dx;
    if (y < 0 || y >= u.height || x < 0 || x >= u.width) return 0;
    const std::int64_t corner = static_cast<std::int64_t>(top) * u.width + left;
    return slot[static_cast<std::int64_t>(g) * u.group_stride + corner + tap.offset];
}

}  // namespace acim
