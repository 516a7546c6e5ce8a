// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/constant.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/onnx/problem.hpp"

namespace acim::onnx_import {

std::int64_t checked_elements(const std::vector<std::int64_t>& extents, std::int64_t most,
                              const std::string& what) {
    if (extents.size() > most_axes)
        throw Problem(fmt::format("{} has {} axes. At most {} are supported", what, extents.size(),
                                  most_axes));
    std::int64_t count = 1;
    for (const std::int64_t extent : extents) {
        if (extent < 1)
            throw Problem(
                fmt::format("{} has an axis of extent {}. Extents are 1 or more", what, extent));
        if (extent > most / count)
            throw Problem(fmt::format("{} of shape [{}] has more than {} elements", what,
                                      fmt::join(extents, ", "), most));
        count *= extent;
    }
    return count;
}

std::int64_t constant_elements(const std::vector<std::int64_t>& extents, const std::string& what) {
    const bool is_empty = extents.size() == 1 && extents.front() == 0;
    return is_empty ? 0 : checked_elements(extents, most_constant_elements, what);
}

std::int64_t elements(const Shape& shape) {
    std::int64_t count = 1;
    for (const int extent : shape) count *= extent;
    return count;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Shape to_shape(const std::vector<std::int64_t>& extents) {
    Shape shape;
    for (const std::int64_t extent : extents) shape.push_back(static_cast<int>(extent));
    return shape;
}

Constant real_constant(Shape shape, std::vector<float> values) {
    return {std::move(shape), std::make_shared<const std::vector<float>>(std::move(values)),
            nullptr, ElementType::float32};
}

Constant integer_constant(Shape shape, std::vector<std::int64_t> values, ElementType type) {
    return {std::move(shape), nullptr,
            std::make_shared<const std::vector<std::int64_t>>(std::move(values)), type};
}

}  // namespace acim::onnx_import
