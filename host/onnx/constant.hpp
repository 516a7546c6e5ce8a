// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace acim::onnx_import {

using Shape = std::vector<int>;

// Shapes are checked against these limits where they enter, so that products of them cannot
// overflow. An activation is that of one image; a constant may be as large as its file. Six axes are
// for values between a Reshape and a Transpose: a tensor of the network has at most five.
constexpr int most_axes = 6;
constexpr int most_tensor_axes = 5;
constexpr std::int64_t most_activation_elements = std::int64_t{1} << 28;
// All tensors of one image together, which every thread holds: 8 GiB of float32.
constexpr std::int64_t most_image_elements = std::int64_t{1} << 31;
constexpr std::int64_t most_constant_elements = (std::int64_t{1} << 31) - 1;

// Checks rank and every extent, and returns the number of elements. `what` begins the message.
std::int64_t checked_elements(const std::vector<std::int64_t>& extents, std::int64_t most,
                              const std::string& what);
// The same for a constant, which may be empty if it is a list: of shape [0].
std::int64_t constant_elements(const std::vector<std::int64_t>& extents, const std::string& what);
std::int64_t elements(const Shape& shape);
std::string shape_text(const Shape& shape);
Shape to_shape(const std::vector<std::int64_t>& extents);

// Element types of TensorProto::DataType, by number (onnx.proto).
enum class ElementType {
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    int32 = 6,
    int64 = 7,
    boolean = 9,
    float16 = 10,
    float64 = 11,
    bfloat16 = 16
};

// A tensor whose values are known at import. Values are shared, so that another shape is free.
// Exactly one of the two arrays is there: every ONNX float type becomes float, every integer int64.
struct Constant {
    Shape shape;
    std::shared_ptr<const std::vector<float>> reals;
    std::shared_ptr<const std::vector<std::int64_t>> integers;
    ElementType type = ElementType::float32;  // in the file

    bool is_real() const { return reals != nullptr; }
};

Constant real_constant(Shape shape, std::vector<float> values);
Constant integer_constant(Shape shape, std::vector<std::int64_t> values,
                          ElementType type = ElementType::int64);

}  // namespace acim::onnx_import
