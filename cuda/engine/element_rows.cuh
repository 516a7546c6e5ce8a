// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/layer_view.hpp"
#include "cuda/engine/threads.cuh"

// One output element a thread: its place, and the bit planes of its row groups. For the kernels that
// read weights as [row groups][planes][words][M].
namespace acim {

// The place of a thread's output element.
struct Element {
    int conv_group = 0, output = 0;
    std::int64_t pixel = 0;  // in the segment
    PhiloxKey key{};
    FreshPlace place{};
};

__device__ inline Element element_at(const ConversionWork& work, std::int64_t index) {
    const ConversionShape& shape = work.view->shape;
    Element e;
    e.output = static_cast<int>(index % shape.outputs);
    const std::int64_t rest = index / shape.outputs;
    e.conv_group = static_cast<int>(rest % shape.conv_groups);
    e.pixel = rest / shape.conv_groups;
    const auto slot = static_cast<std::uint32_t>(e.pixel / shape.pixels);
    e.key = work.segment.key;
    e.place.element = static_cast<std::uint32_t>(shape.group_first * e.conv_group +
                                                 shape.output_stride * e.output +
                                                 shape.pixel_stride * (e.pixel % shape.pixels));
    e.place.image = work.segment.first_image + slot;
    e.place.layer = shape.layer;
    return e;
}

// Output elements of a work, one after the other.
__device__ inline std::int64_t elements_of(const ConversionWork& work) {
    const ConversionShape& shape = work.view->shape;
    return static_cast<std::int64_t>(work.segment.slots) * shape.pixels * shape.conv_groups *
           shape.outputs;
}

// Where the integers of an element stand.
__device__ inline std::int64_t place_in(const ProductBuffers& out, const ConversionWork& work,
                                        const Element& e) {
    const ConversionShape& shape = work.view->shape;
    return (static_cast<std::int64_t>(e.conv_group) * shape.outputs + e.output) * out.stride +
           static_cast<std::int64_t>(work.segment.first_slot) * shape.pixels + e.pixel;
}

// What one row group of an element reads.
struct RowGroup {
    const std::uint32_t* inputs;   // [bits][words]
    const std::uint32_t* weights;  // [planes][words][M], of this output
    const std::uint32_t* cells;    // [planes][8][words][M], or null
    int index, rows;               // rows in use
    int outputs;
};

__device__ inline RowGroup row_group(const ConversionWork& work, const Element& e, int group,
                                     const std::uint32_t* bits) {
    const ConversionView& v = *work.view;
    const ConversionShape& s = v.shape;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * s.pixels;
    const std::int64_t line = (e.conv_group * pixels + e.pixel) * s.groups + group;
    const std::int64_t block = static_cast<std::int64_t>(e.conv_group) * s.groups + group;
    const std::int64_t plane_words = static_cast<std::int64_t>(s.planes) * s.words * s.outputs;
    RowGroup g;
    g.inputs = bits + work.first_word + line * s.bits * s.words;
    g.weights = work.weights + block * plane_words + e.output;
    g.cells = v.cells == nullptr ? nullptr : v.cells + block * 8 * plane_words + e.output;
    g.index = group;
    const int left = s.depth - group * s.group_rows;
    g.rows = left < s.group_rows ? left : s.group_rows;
    g.outputs = s.outputs;
    return g;
}

// Sum over rows of w*x in cycle j; the stored bit of a null plane is 1.
__device__ inline std::int64_t cycle_sum(const ConversionView& v, const RowGroup& g,
                                         const std::uint32_t* w, const std::uint32_t* also, int j) {
    const int words = v.shape.words;
    std::int64_t sum = 0;
    for (int b = 0; b < v.cycles.width[j]; ++b) {
        const std::uint32_t* x = g.inputs + (v.cycles.low_bit[j] + b) * words;
        int ones = 0;
        for (int i = 0; i < words; ++i) {
            std::uint32_t both = __ldg(x + i);
            if (w != nullptr) both &= __ldg(w + static_cast<std::int64_t>(i) * g.outputs);
            if (also != nullptr) both &= __ldg(also + static_cast<std::int64_t>(i) * g.outputs);
            ones += __popc(both);
        }
        sum += static_cast<std::int64_t>(ones) << b;
    }
    return sum;
}

}  // namespace acim
