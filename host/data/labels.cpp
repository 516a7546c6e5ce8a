// SPDX-License-Identifier: Apache-2.0
#include "host/data/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "host/core/error.hpp"

namespace acim {
namespace {

template <class T>
void append(const ItemArray& array, std::span<const std::byte> bytes,
            std::vector<std::int32_t>& out) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof(T));
        if (!std::in_range<std::int32_t>(value) || std::cmp_less(value, 0))
            throw InputError(
                fmt::format("{}: label {} of image {} is no class. Labels are whole "
                            "numbers from 0 on",
                            array.name(), +value, out.size() / array.item_values()));
        out.push_back(static_cast<std::int32_t>(value));
    }
}

void append_any(const ItemArray& array, std::span<const std::byte> bytes,
                std::vector<std::int32_t>& out) {
    switch (array.type()) {
        case ValueType::u1:
            return append<std::uint8_t>(array, bytes, out);
        case ValueType::i1:
            return append<std::int8_t>(array, bytes, out);
        case ValueType::u2:
            return append<std::uint16_t>(array, bytes, out);
        case ValueType::i2:
            return append<std::int16_t>(array, bytes, out);
        case ValueType::u4:
            return append<std::uint32_t>(array, bytes, out);
        case ValueType::i4:
            return append<std::int32_t>(array, bytes, out);
        case ValueType::u8:
            return append<std::uint64_t>(array, bytes, out);
        case ValueType::i8:
            return append<std::int64_t>(array, bytes, out);
        case ValueType::f4:
        case ValueType::f8:
            break;
    }
    throw InputError(
        fmt::format("{}: labels are floating-point numbers. Store whole numbers", array.name()));
}

}  // namespace

std::vector<std::int32_t> read_labels(const ItemArray& labels, const ItemArray& images,
                                      int classes) {
    if (labels.dims().size() > 2)
        throw InputError(fmt::format(
            "{}: {} dimensions where labels have 1, one whole number per image, or 2, one for "
            "each position of a sequence. Is this the images file?",
            labels.name(), labels.dims().size()));
    if (labels.items() != images.items())
        throw InputError(
            fmt::format("{}: {} labels for the {} images of {}. Both must belong together",
                        labels.name(), labels.items(), images.items(), images.name()));
    if (labels.items() * labels.item_values() > label_limit)
        throw InputError(fmt::format("{}: {} x {} labels, more than {}. Use a part of the set",
                                     labels.name(), labels.items(), labels.item_values(),
                                     label_limit));
    const std::uint64_t block =
        std::max<std::uint64_t>(1, (std::uint64_t{1} << 18) / labels.item_values());
    std::vector<std::int32_t> out;
    std::vector<std::byte> space;
    for (std::uint64_t at = 0; at < labels.items(); at += block)
        append_any(labels, labels.read(at, std::min(block, labels.items() - at), space), out);
    const auto high = std::find_if(out.begin(), out.end(), [&](std::int32_t label) {
        return classes > 0 && label >= classes;
    });
    if (high != out.end())
        throw InputError(fmt::format(
            "{}: label {} of image {} is out of range: the data have {} "
            "classes. Check that the file is of the format that is named",
            labels.name(), *high,
            static_cast<std::uint64_t>(high - out.begin()) / labels.item_values(), classes));
    return out;
}

void hash_labels(Sha256& hash, const std::vector<std::int32_t>& labels) {
    const bool bytes =
        std::all_of(labels.begin(), labels.end(), [](std::int32_t label) { return label <= 255; });
    if (bytes) {
        const std::vector<std::uint8_t> narrow(labels.begin(), labels.end());
        hash.update_value(static_cast<std::uint64_t>(narrow.size()));
        hash.update(std::as_bytes(std::span(narrow)));
    } else {
        hash.update_value(std::uint64_t{4} * labels.size());
        hash.update(std::as_bytes(std::span(labels)));
    }
}

}  // namespace acim
