// SPDX-License-Identifier: Apache-2.0
#include "host/data/array_data_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/data/labels.hpp"

namespace acim {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

// float32 holds every whole number up to 2^24.
template <class T>
bool all_exact(std::span<const std::byte> bytes) {
    constexpr std::int64_t most = std::int64_t{1} << 24;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof(T));
        if (std::cmp_greater(value, most) || std::cmp_less(value, -most)) return false;
    }
    return true;
}

bool all_exact(ValueType type, std::span<const std::byte> bytes) {
    switch (type) {
        case ValueType::u4:
            return all_exact<std::uint32_t>(bytes);
        case ValueType::i4:
            return all_exact<std::int32_t>(bytes);
        case ValueType::u8:
            return all_exact<std::uint64_t>(bytes);
        case ValueType::i8:
            return all_exact<std::int64_t>(bytes);
        default:
            return true;
    }
}

}  // namespace

ArrayDataSet::ArrayDataSet(StoredSet set, const DataSpec& spec, const DataProgress& progress)
    : set_(std::move(set)),
      layout_(image_layout(*set_.images, spec.layout, set_.layout)),
      preprocessing_(spec, layout_.channels) {
    if (set_.labels) labels_ = read_labels(*set_.labels, *set_.images, set_.classes);
    if (set_.labels) positions_ = static_cast<int>(set_.labels->item_values());
    set_.labels.reset();
    hash_ = set_.images->type() == ValueType::u1 ? byte_hash(progress) : value_hash(progress);
}

std::uint64_t ArrayDataSet::block_images() const {
    return std::max<std::size_t>(1, block_bytes / set_.images->item_bytes());
}

void ArrayDataSet::read(std::uint32_t first, std::uint32_t images, float* out) const {
    ACIM_EXPECT(std::uint64_t{first} + images <= count());
    const std::size_t item = set_.images->item_bytes();
    static thread_local std::vector<std::byte> space;  // a trial reads image by image
    for (std::uint64_t at = 0; at < images; at += block_images()) {
        const std::uint64_t n = std::min(block_images(), images - at);
        std::span<const std::byte> bytes;
        try {
            bytes = set_.images->read(first + at, n, space);
        } catch (const InputError& error) {  // it could be read when it was opened
            throw StorageError(error.what());
        }
        for (std::uint64_t i = 0; i < n; ++i, out += set_.images->item_values())
            preprocessing_.apply(layout_, set_.images->type(), bytes.data() + i * item, out);
    }
}

std::int32_t ArrayDataSet::label(std::uint32_t item) const {
    if (labels_.empty()) return -1;
    ACIM_EXPECT(item < labels_.size());
    return labels_[item];
}

// Calls block(first image, bytes) over all images in order.
template <class Block>
void ArrayDataSet::read_once(const DataProgress& progress, Block block) const {
    const ItemArray& images = *set_.images;
    std::vector<std::byte> space;
    for (std::uint64_t at = 0; at < images.items(); at += block_images()) {
        const std::uint64_t n = std::min(block_images(), images.items() - at);
        block(at, images.read(at, n, space));
        if (progress) progress(images.name(), (at + n) * images.item_bytes(), images.bytes());
    }
}

// The tables hold all that preprocessing can do, so that [0.5] and [0.5, 0.5] are the same.
std::string ArrayDataSet::byte_hash(const DataProgress& progress) const {
    Sha256 hash;
    hash.update("acimsweep data 1\n");
    for (int d : layout_.shape) hash.update_value(static_cast<std::int32_t>(d));
    hash.update_value(set_.images->bytes());
    std::vector<std::byte> planes;
    read_once(progress, [&](std::uint64_t, std::span<const std::byte> bytes) {
        if (!layout_.channels_last) {
            hash.update(bytes);
            return;
        }
        planes.clear();
        const auto channels = static_cast<std::size_t>(layout_.channels);
        for (std::size_t image = 0; image < bytes.size(); image += channels * layout_.plane)
            for (std::size_t c = 0; c < channels; ++c)
                for (std::size_t p = 0; p < layout_.plane; ++p)
                    planes.push_back(bytes[image + p * channels + c]);
        hash.update(planes);
    });
    hash_labels(hash, labels_);
    for (const Preprocessing::Table& table : preprocessing_.tables())
        hash.update(std::as_bytes(std::span(table)));
    return hash.hex();
}

std::string ArrayDataSet::value_hash(const DataProgress& progress) const {
    const ItemArray& images = *set_.images;
    Sha256 hash;
    hash.update("acimsweep data 2\n");
    for (int d : layout_.shape) hash.update_value(static_cast<std::int32_t>(d));
    hash.update_value(images.items());
    std::vector<float> values(images.item_values());
    read_once(progress, [&](std::uint64_t first, std::span<const std::byte> bytes) {
        for (std::size_t i = 0; i * images.item_bytes() < bytes.size(); ++i) {
            const auto stored = bytes.subspan(i * images.item_bytes(), images.item_bytes());
            preprocessing_.apply(layout_, images.type(), stored.data(), values.data());
            check_values(first + i, stored, values);
            hash.update(std::as_bytes(std::span(values)));
        }
    });
    hash_labels(hash, labels_);
    return hash.hex();
}

void ArrayDataSet::check_values(std::uint64_t image, std::span<const std::byte> stored,
                                std::span<const float> values) const {
    const ItemArray& images = *set_.images;
    if (!all_exact(images.type(), stored))
        throw InputError(
            fmt::format("{}: image {} holds a whole number beyond 2^24, which float32 "
                        "cannot hold exactly. Store smaller numbers",
                        images.name(), image));
    if (!std::all_of(values.begin(), values.end(), [](float x) { return x - x == 0.0F; }))
        throw InputError(
            fmt::format("{}: image {} holds a value that is not finite, or not any "
                        "more as float32 after scale, mean and std. Mend the data",
                        images.name(), image));
}

}  // namespace acim
