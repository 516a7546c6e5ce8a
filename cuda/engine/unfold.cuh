// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/layer_view.hpp"
#include "cuda/model/host_device.hpp"

namespace acim {

// How rows of an unfolded input lie in the tensor that it is taken from.
enum class UnfoldedRows {
    line,    // side by side
    window,  // by taps, none of them in the padding
    border   // by taps, some of them in the padding
};

// What one pixel of a convolution group sees of a slot's quantised input; padding is 0.
class UnfoldedPixel {
public:
    ACIM_HD UnfoldedPixel(const UnfoldView& u, const std::int16_t* slot, int g, int p) : u_(u) {
        if (!u.by_taps) {
            values_ = slot + static_cast<std::int64_t>(g) * u.group_stride +
                      static_cast<std::int64_t>(p) * u.depth;
            inside_ = true;
            return;
        }
        top_ = p / u.out_width * u.stride_height - u.pad_top;
        left_ = p % u.out_width * u.stride_width - u.pad_left;
        values_ = slot + static_cast<std::int64_t>(g) * u.group_stride +
                  static_cast<std::int64_t>(top_) * u.width + left_;
        inside_ =
            top_ >= 0 && left_ >= 0 && top_ + u.reach_y < u.height && left_ + u.reach_x < u.width;
    }

    ACIM_HD UnfoldedRows rows() const {
        if (!u_.by_taps) return UnfoldedRows::line;
        return inside_ ? UnfoldedRows::window : UnfoldedRows::border;
    }

    // Value of row r, where rows are known to lie so.
    template <UnfoldedRows rows>
    ACIM_HD std::int32_t at(int r) const {
        if (rows == UnfoldedRows::line) return values_[r];
        const Tap tap = u_.taps[r];
        if (rows == UnfoldedRows::border) {
            const int y = top_ + tap.dy, x = left_ + tap.dx;
            if (y < 0 || y >= u_.height || x < 0 || x >= u_.width) return 0;
        }
        return values_[tap.offset];
    }
    ACIM_HD std::int32_t at(int r) const {
        switch (rows()) {
            case UnfoldedRows::line:
                return at<UnfoldedRows::line>(r);
            case UnfoldedRows::window:
                return at<UnfoldedRows::window>(r);
            default:
                return at<UnfoldedRows::border>(r);
        }
    }

private:
    const UnfoldView& u_;
    const std::int16_t* values_;
    int top_ = 0, left_ = 0;
    bool inside_;  // the whole window
};

}  // namespace acim
