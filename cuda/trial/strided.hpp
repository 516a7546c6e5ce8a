// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/model/host_device.hpp"

namespace acim {

// Where the elements of an output stand in an operand: a plain value that kernels take.
struct StridedIndex {
    static constexpr int most_axes = 6;
    int axes = 0;
    std::int64_t offset = 0;
    std::int32_t extent[most_axes] = {};
    std::int64_t stride[most_axes] = {};

    StridedIndex() = default;
    // At most six axes; as many strides as extents.
    StridedIndex(const std::vector<int>& extents, const std::vector<int>& strides, int first = 0)
        : axes(static_cast<int>(extents.size())), offset(first) {
        for (int d = 0; d < axes; ++d) {
            extent[d] = extents[static_cast<std::size_t>(d)];
            stride[d] = strides[static_cast<std::size_t>(d)];
        }
    }

    // Elements that follow each other along the last axis, and their step in the operand: loops that
    // go by lines divide once a line.
    std::int64_t line() const { return axes > 0 ? extent[axes - 1] : 1; }
    std::int64_t step() const { return axes > 0 ? stride[axes - 1] : 0; }

    // Of output element i in C order.
    ACIM_HD std::int64_t at(std::int64_t i) const {
        std::int64_t place = offset;
        for (int d = axes - 1; d >= 0; --d) {
            place += i % extent[d] * stride[d];
            i /= extent[d];
        }
        return place;
    }
};

}  // namespace acim
