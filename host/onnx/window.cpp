// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace acim::onnx_import {
namespace {

// Larger windows are damage, not design; the limit keeps every sum below far from overflow.
constexpr std::int64_t most = std::int64_t{1} << 20;

std::vector<std::int64_t> list_of(const Node& node, const char* key, std::size_t size,
                                  std::int64_t otherwise, std::int64_t least) {
    std::vector<std::int64_t> values = node.integers(key);
    if (values.empty()) values.assign(size, otherwise);
    if (values.size() != size)
        node.fail(fmt::format("attribute '{}' has {} values. A 2-D window needs {}", key,
                              values.size(), size));
    for (const std::int64_t value : values)
        if (value < least || value > most)
            node.fail(fmt::format("attribute '{}' holds {}. It must be from {} to {}", key, value,
                                  least, most));
    return values;
}

std::vector<std::int64_t> read_kernel(const Node& node, const std::vector<std::int64_t>& kernel) {
    if (kernel.empty() && !node.has("kernel_shape"))
        node.fail("attribute 'kernel_shape' is missing");
    if (!node.has("kernel_shape")) return kernel;
    const auto stated = list_of(node, "kernel_shape", 2, 1, 1);
    if (!kernel.empty() && stated != kernel)
        node.fail(fmt::format("kernel_shape is {}x{} but the weights have {}x{}", stated[0],
                              stated[1], kernel[0], kernel[1]));
    return stated;
}

std::int64_t reach(const WindowAxis& axis) {
    return std::int64_t{axis.kernel - 1} * axis.dilation + 1;
}

// ONNX, auto_pad: the output covers the input once per stride; an odd pad goes to the end (UPPER)
// or to the beginning (LOWER).
void pad_same(WindowAxis& axis, bool is_upper) {
    const std::int64_t out = (std::int64_t{axis.in} + axis.stride - 1) / axis.stride;
    const std::int64_t total =
        std::max<std::int64_t>((out - 1) * axis.stride + reach(axis) - axis.in, 0);
    const auto half = static_cast<int>(total / 2);
    const auto rest = static_cast<int>(total - half);
    axis.pad_begin = is_upper ? half : rest;
    axis.pad_end = is_upper ? rest : half;
}

void pad_automatically(const Node& node, Window& window) {
    const std::string mode = node.text("auto_pad", "NOTSET");
    if (mode == "NOTSET") return;
    for (WindowAxis* axis : {&window.height, &window.width}) {
        if (axis->pad_begin != 0 || axis->pad_end != 0)
            node.fail("has both auto_pad and pads. Keep one of them");
        if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
            pad_same(*axis, mode == "SAME_UPPER");
        } else if (mode != "VALID") {
            node.fail("unknown auto_pad. It is NOTSET, SAME_UPPER, SAME_LOWER or VALID");
        }
    }
}

// With ceil_mode the last window may start inside the map or its leading pad, not behind it
// (PyTorch's rule, and ONNX's from opset 19).
void count_outputs(const Node& node, WindowAxis& axis, bool round_up) {
    const std::int64_t room = std::int64_t{axis.in} + axis.pad_begin + axis.pad_end - reach(axis);
    if (room < 0)
        node.fail(fmt::format("a window of {} does not fit into {} (padding included)", reach(axis),
                              room + reach(axis)));
    std::int64_t out = (room + (round_up ? axis.stride - 1 : 0)) / axis.stride + 1;
    if (round_up && (out - 1) * axis.stride >= std::int64_t{axis.in} + axis.pad_begin) --out;
    if (out < 1 || out > most_activation_elements)
        node.fail(fmt::format("would have an output axis of {}", out));
    axis.out = static_cast<int>(out);
}

}  // namespace

Window read_window(const Node& node, const Shape& image, const std::vector<std::int64_t>& kernel) {
    if (image.size() != 4)
        node.fail(
            fmt::format("its input has shape {}. Only 2-D windows over [1, C, H, W] are "
                        "supported",
                        shape_text(image)));
    const auto kernels = read_kernel(node, kernel);
    const auto strides = list_of(node, "strides", 2, 1, 1);
    const auto dilations = list_of(node, "dilations", 2, 1, 1);
    const auto pads = list_of(node, "pads", 4, 0, 0);
    Window window;
    WindowAxis* axes[] = {&window.height, &window.width};
    for (int i = 0; i < 2; ++i) {
        WindowAxis& axis = *axes[i];
        if (kernels[i] > most) node.fail("its kernel is too large");
        axis.in = image[2 + i];
        axis.kernel = static_cast<int>(kernels[i]);
        axis.stride = static_cast<int>(strides[i]);
        axis.dilation = static_cast<int>(dilations[i]);
        axis.pad_begin = static_cast<int>(pads[i]);
        axis.pad_end = static_cast<int>(pads[i + 2]);
        if (reach(axis) > most) node.fail("its window is too large");
    }
    pad_automatically(node, window);
    const bool round_up = node.integer("ceil_mode", 0) != 0;
    for (WindowAxis* axis : axes) count_outputs(node, *axis, round_up);
    return window;
}

}  // namespace acim::onnx_import
