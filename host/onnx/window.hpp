// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/onnx/node.hpp"

namespace acim::onnx_import {

// One spatial axis of a sliding window: input extent, window and output extent.
struct WindowAxis {
    int in = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0, out = 1;

    // The last input position, padding not counted, that the last window covers, plus one.
    std::int64_t end() const {
        return std::int64_t{out - 1} * stride - pad_begin + std::int64_t{kernel - 1} * dilation + 1;
    }
};

struct Window {
    WindowAxis height, width;
};

// The window of a Conv or pooling node over an image tensor [1, C, H, W], with pads, strides,
// dilations, auto_pad and ceil_mode resolved. A Conv passes the kernel of its weights, a pool the
// empty vector: its kernel is the attribute kernel_shape.
Window read_window(const Node& node, const Shape& image, const std::vector<std::int64_t>& kernel);

}  // namespace acim::onnx_import
