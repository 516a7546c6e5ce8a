// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cuda/model/digital/pool.hpp"
#include "host/onnx/lowerings.hpp"
#include "host/onnx/shape_rules.hpp"
#include "host/onnx/window.hpp"

namespace acim::onnx_import {
namespace {

// Every window must see at least one element: no maximum or mean of nothing.
void check_pool_axis(const Node& node, const WindowAxis& axis) {
    if (axis.dilation != 1) node.fail("dilations are not supported for pooling. Use dilation 1");
    const std::int64_t last_start = std::int64_t{axis.out - 1} * axis.stride - axis.pad_begin;
    if (axis.pad_begin >= axis.kernel || last_start >= axis.in)
        node.fail(fmt::format("pads of {} and {} leave a window of {} with padding only",
                              axis.pad_begin, axis.pad_end, axis.kernel));
}

PoolGeometry pool_geometry(const Shape& image, const Window& window) {
    PoolGeometry pool;
    pool.channels = image[1];
    pool.in_height = window.height.in;
    pool.in_width = window.width.in;
    pool.out_height = window.height.out;
    pool.out_width = window.width.out;
    pool.kernel_height = window.height.kernel;
    pool.kernel_width = window.width.kernel;
    pool.stride_height = window.height.stride;
    pool.stride_width = window.width.stride;
    pool.pad_top = window.height.pad_begin;
    pool.pad_left = window.width.pad_begin;
    return pool;
}

Window read_pool_window(const Node& node, const Shape& image) {
    const Window window = read_window(node, image, {});
    check_pool_axis(node, window.height);
    check_pool_axis(node, window.width);
    return window;
}

bool has_pads(const WindowAxis& axis) { return axis.pad_begin != 0 || axis.pad_end != 0; }

// Whether every mean divides by the whole kernel. Windows that reach over a padded edge because of
// ceil_mode would need a third rule, so they are refused; without pads the part of a window that
// leaves the map never counts.
bool counts_padding(const Node& node, const Window& window) {
    const bool is_padded = has_pads(window.height) || has_pads(window.width);
    if (node.integer("count_include_pad", 0) == 0 || !is_padded) return false;
    for (const WindowAxis* axis : {&window.height, &window.width})
        if (axis->end() > std::int64_t{axis->in} + axis->pad_end)
            node.fail(
                "count_include_pad with ceil_mode and a window beyond the padding is not "
                "supported. Use ceil_mode = 0");
    return true;
}

// A maximum or a mean over windows; a mean of more values would not be exact.
void set_pool(const Node& node, const PoolGeometry& pool, bool is_max, DraftOperator& out) {
    if (is_max) {
        MaxPool max;
        max.pool = pool;
        out.op = max;
        return;
    }
    const std::int64_t count = std::int64_t{pool.kernel_height} * pool.kernel_width;
    if (count > digital::average_pool_count_limit)
        node.fail(fmt::format("reduces {} values to one. At most {} are supported", count,
                              digital::average_pool_count_limit));
    AveragePool mean;
    mean.pool = pool;
    out.op = mean;
}

}  // namespace

void lower_max_pool(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& image = list.shape(node, 0);
    set_pool(node, pool_geometry(image, read_pool_window(node, image)), true, out);
}

void lower_average_pool(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& image = list.shape(node, 0);
    const Window window = read_pool_window(node, image);
    const bool counts = counts_padding(node, window);
    set_pool(node, pool_geometry(image, window), false, out);
    std::get<AveragePool>(out.op).count_include_pad = counts;
}

void lower_global_pool(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& image = list.shape(node, 0);
    Window window;
    window.height.in = window.height.kernel = image[2];
    window.width.in = window.width.kernel = image[3];
    set_pool(node, pool_geometry(image, window), node.type == "GlobalMaxPool", out);
}

// Neighbouring axes: a window over the middle of [outer][reduced][inner].
void lower_reduction(const Node& node, const NodeList& list, DraftOperator& out) {
    const Shape& in = list.shape(node, 0);
    const std::vector<int> axes = reduced_axes(node, list, in.size());
    const int first = axes.empty() ? 0 : axes.front(), end = axes.empty() ? 0 : axes.back() + 1;
    const std::int64_t count = elements({in.begin() + first, in.begin() + end});
    if (count == 1) {
        out.op = View();
        return;
    }
    PoolGeometry pool;
    pool.channels = static_cast<int>(elements({in.begin(), in.begin() + first}));
    pool.in_height = pool.kernel_height = static_cast<int>(count);
    pool.in_width = pool.out_width = static_cast<int>(elements({in.begin() + end, in.end()}));
    pool.out_height = 1;
    set_pool(node, pool, node.type == "ReduceMax", out);
}

}  // namespace acim::onnx_import
