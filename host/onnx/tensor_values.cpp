// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/tensor_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <cstring>
#include <optional>

#include "host/onnx/problem.hpp"
#include "onnx.pb.h"

static_assert(std::endian::native == std::endian::little, "raw_data of ONNX is little-endian");

namespace acim::onnx_import {
namespace {

using onnx::TensorProto;

// IEEE 754 binary16 to binary32, exact.
float from_half(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t{half & 0x8000U} << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1FU;
    const std::uint32_t fraction = half & 0x3FFU;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
        return sign ? -magnitude : magnitude;
    }
    const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

float from_bfloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

int element_bytes(int type) {
    switch (type) {
        case TensorProto::BOOL:
        case TensorProto::INT8:
        case TensorProto::UINT8:
            return 1;
        case TensorProto::FLOAT16:
        case TensorProto::BFLOAT16:
            return 2;
        case TensorProto::FLOAT:
        case TensorProto::INT32:
            return 4;
        case TensorProto::DOUBLE:
        case TensorProto::INT64:
            return 8;
        default:
            return 0;
    }
}

template <class Stored, class Out, class Convert>
std::vector<Out> from_bytes(const std::string& bytes, std::size_t count, Convert convert) {
    std::vector<Out> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        out[i] = convert(stored);
    }
    return out;
}

template <class Stored>
std::vector<std::int64_t> integers_from(const std::string& bytes, std::size_t count) {
    return from_bytes<Stored, std::int64_t>(bytes, count,
                                            [](Stored v) { return static_cast<std::int64_t>(v); });
}

template <class Stored>
std::vector<float> reals_from(const std::string& bytes, std::size_t count) {
    return from_bytes<Stored, float>(bytes, count, [](Stored v) { return static_cast<float>(v); });
}

Constant from_raw(int type, Shape shape, const std::string& bytes, std::size_t n) {
    switch (type) {
        case TensorProto::FLOAT:
            return real_constant(std::move(shape), reals_from<float>(bytes, n));
        case TensorProto::DOUBLE:
            return real_constant(std::move(shape), reals_from<double>(bytes, n));
        case TensorProto::FLOAT16:
            return real_constant(std::move(shape),
                                 from_bytes<std::uint16_t, float>(bytes, n, from_half));
        case TensorProto::BFLOAT16:
            return real_constant(std::move(shape),
                                 from_bytes<std::uint16_t, float>(bytes, n, from_bfloat));
        case TensorProto::INT64:
            return integer_constant(std::move(shape), integers_from<std::int64_t>(bytes, n));
        case TensorProto::INT32:
            return integer_constant(std::move(shape), integers_from<std::int32_t>(bytes, n));
        case TensorProto::INT8:
            return integer_constant(std::move(shape), integers_from<std::int8_t>(bytes, n));
        default:
            return integer_constant(std::move(shape), integers_from<std::uint8_t>(bytes, n));
    }
}

template <class Out, class Field, class Convert>
std::vector<Out> from_field(const Field& field, std::size_t count, const std::string& place,
                            Convert convert) {
    if (static_cast<std::size_t>(field.size()) != count)
        throw Problem(
            fmt::format("{}: holds {} elements, its shape has {}", place, field.size(), count));
    std::vector<Out> out;
    out.reserve(count);
    for (const auto value : field) out.push_back(convert(value));
    return out;
}

Constant from_fields(const TensorProto& tensor, Shape shape, std::size_t n,
                     const std::string& place) {
    const auto real = [](auto v) { return static_cast<float>(v); };
    const auto integer = [](auto v) { return static_cast<std::int64_t>(v); };
    const auto half = [](auto v) { return from_half(static_cast<std::uint16_t>(v)); };
    const auto bfloat = [](auto v) { return from_bfloat(static_cast<std::uint16_t>(v)); };
    const auto& words = tensor.int32_data();
    std::vector<float> reals;
    switch (tensor.data_type()) {
        case TensorProto::FLOAT:
            reals = from_field<float>(tensor.float_data(), n, place, real);
            break;
        case TensorProto::DOUBLE:
            reals = from_field<float>(tensor.double_data(), n, place, real);
            break;
        case TensorProto::FLOAT16:
            reals = from_field<float>(words, n, place, half);
            break;
        case TensorProto::BFLOAT16:
            reals = from_field<float>(words, n, place, bfloat);
            break;
        case TensorProto::INT64:
            return integer_constant(
                std::move(shape), from_field<std::int64_t>(tensor.int64_data(), n, place, integer));
        default:
            return integer_constant(std::move(shape),
                                    from_field<std::int64_t>(words, n, place, integer));
    }
    return real_constant(std::move(shape), std::move(reals));
}

}  // namespace

namespace {

Constant stored_values(const TensorProto& tensor, ExternalData& external,
                       const std::string& place) {
    const int width = element_bytes(tensor.data_type());
    if (width == 0)
        throw Problem(fmt::format("{}: element type {} is not supported. Use float32 or int64",
                                  place, tensor.data_type()));
    if (tensor.has_segment()) throw Problem(place + ": stored in segments, which is not supported");
    const std::vector<std::int64_t> extents(tensor.dims().begin(), tensor.dims().end());
    const std::int64_t count = constant_elements(extents, place);
    const auto n = static_cast<std::size_t>(count);
    Shape shape = to_shape(extents);
    if (tensor.data_location() == TensorProto::EXTERNAL)
        return from_raw(tensor.data_type(), std::move(shape), external.read(tensor, count * width),
                        n);
    if (!tensor.has_raw_data()) return from_fields(tensor, std::move(shape), n, place);
    if (tensor.raw_data().size() != n * static_cast<std::size_t>(width))
        throw Problem(fmt::format("{}: holds {} bytes, its shape [{}] needs {}", place,
                                  tensor.raw_data().size(), fmt::join(extents, ", "),
                                  n * static_cast<std::size_t>(width)));
    return from_raw(tensor.data_type(), std::move(shape), tensor.raw_data(), n);
}

}  // namespace

Constant tensor_values(const TensorProto& tensor, ExternalData& external,
                       const std::string& place) {
    Constant constant = stored_values(tensor, external, place);
    constant.type = static_cast<ElementType>(tensor.data_type());
    return constant;
}

}  // namespace acim::onnx_import
