// SPDX-License-Identifier: Apache-2.0
#include "host/data/preprocessing.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "host/core/error.hpp"

namespace acim {
namespace {

void check(const DataSpec& spec, int channels) {
    if (!std::isfinite(spec.scale) || spec.scale == 0.0F)
        throw InputError(fmt::format(
            "data.scale: must be a finite number other than 0 ({}). 1/255 is usual", spec.scale));
    const auto check_list = [&](const char* key, const std::vector<float>& values, bool positive) {
        const std::size_t size = values.size();
        if (size > 1 && size != static_cast<std::size_t>(channels))
            throw InputError(fmt::format(
                "data.{}: {} values for images of {} channels. Give one, or one per channel", key,
                size, channels));
        for (float v : values)
            if (!std::isfinite(v) || (positive && v <= 0.0F))
                throw InputError(fmt::format("data.{}: must be finite{} ({})", key,
                                             positive ? " and greater than 0" : "", v));
    };
    check_list("mean", spec.mean, false);
    check_list("std", spec.std, true);
}

float parameter(const std::vector<float>& values, std::size_t channel, float absent) {
    if (values.empty()) return absent;
    return values.size() == 1 ? values[0] : values[channel];
}

}  // namespace

Preprocessing::Preprocessing(const DataSpec& spec, int channels)
    : scale_(spec.scale), subtract_(!spec.mean.empty()), divide_(!spec.std.empty()) {
    check(spec, channels);
    for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        channels_.push_back({parameter(spec.mean, c, 0.0F), parameter(spec.std, c, 1.0F)});
        tables_.emplace_back();
        for (std::size_t p = 0; p < 256; ++p)
            tables_.back()[p] = one(static_cast<float>(p), channels_.back());
    }
}

float Preprocessing::one(float x, const Channel& channel) const {
    x = x * scale_;
    if (subtract_) x = x - channel.mean;
    if (divide_) x = x / channel.std;
    return x;
}

void Preprocessing::apply_bytes(const ImageLayout& layout, const std::byte* image,
                                float* out) const {
    const std::size_t step = layout.channels_last ? tables_.size() : 1;
    for (std::size_t c = 0; c < tables_.size(); ++c) {
        const Table& table = tables_[c];
        const std::byte* in = image + (layout.channels_last ? c : c * layout.plane);
        for (std::size_t p = 0; p < layout.plane; ++p)
            *out++ = table[std::to_integer<std::size_t>(in[p * step])];
    }
}

template <class T>
void Preprocessing::apply_values(const ImageLayout& layout, const std::byte* image,
                                 float* out) const {
    const std::size_t step = layout.channels_last ? channels_.size() : 1;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
        const std::byte* in = image + sizeof(T) * (layout.channels_last ? c : c * layout.plane);
        for (std::size_t p = 0; p < layout.plane; ++p) {
            T value;
            std::memcpy(&value, in + p * step * sizeof(T), sizeof(T));
            *out++ = one(static_cast<float>(value), channels_[c]);
        }
    }
}

void Preprocessing::apply(const ImageLayout& layout, ValueType type, const std::byte* image,
                          float* out) const {
    switch (type) {
        case ValueType::u1:
            return apply_bytes(layout, image, out);
        case ValueType::i1:
            return apply_values<std::int8_t>(layout, image, out);
        case ValueType::u2:
            return apply_values<std::uint16_t>(layout, image, out);
        case ValueType::i2:
            return apply_values<std::int16_t>(layout, image, out);
        case ValueType::u4:
            return apply_values<std::uint32_t>(layout, image, out);
        case ValueType::i4:
            return apply_values<std::int32_t>(layout, image, out);
        case ValueType::u8:
            return apply_values<std::uint64_t>(layout, image, out);
        case ValueType::i8:
            return apply_values<std::int64_t>(layout, image, out);
        case ValueType::f4:
            return apply_values<float>(layout, image, out);
        case ValueType::f8:
            return apply_values<double>(layout, image, out);
    }
}

}  // namespace acim
