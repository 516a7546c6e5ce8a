// SPDX-License-Identifier: Apache-2.0
#include "host/data/item_array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

constexpr std::uint64_t most_items = std::uint64_t{1} << 27;
constexpr std::uint64_t most_values = std::uint64_t{1} << 25;  // of one item

}  // namespace

std::size_t value_bytes(ValueType type) {
    switch (type) {
        case ValueType::u1:
        case ValueType::i1:
            return 1;
        case ValueType::u2:
        case ValueType::i2:
            return 2;
        case ValueType::u4:
        case ValueType::i4:
        case ValueType::f4:
            return 4;
        case ValueType::u8:
        case ValueType::i8:
        case ValueType::f8:
            return 8;
    }
    return 0;
}

ItemArray::ItemArray(std::string name, ValueType type, std::vector<std::uint64_t> dims)
    : name_(std::move(name)), type_(type), dims_(std::move(dims)) {
    const auto fail = [&](const char* problem) {
        throw InputError(fmt::format("{}: shape [{}] {}", name_, fmt::join(dims_, ", "), problem));
    };
    if (dims_.empty()) fail("has no axis. Give an array of items");
    for (std::size_t i = 0; i < dims_.size(); ++i) {
        if (dims_[i] == 0) fail("has an axis of length 0. The file must hold at least one item");
        if (i == 0) continue;
        if (dims_[i] > most_values || item_values_ > most_values / dims_[i])
            fail(
                "makes an item of more than 2^25 values. The file is damaged, or no set of images");
        item_values_ *= static_cast<std::size_t>(dims_[i]);
    }
    if (dims_[0] > most_items) fail("has more than 2^27 items. The file is damaged or too large");
}

MemoryArray::MemoryArray(std::string name, ValueType type, std::vector<std::uint64_t> dims,
                         std::vector<std::byte> values, std::size_t offset)
    : ItemArray(std::move(name), type, std::move(dims)),
      bytes_(std::move(values)),
      offset_(offset) {
    ACIM_EXPECT(offset <= bytes_.size() && bytes_.size() - offset == bytes());
}

}  // namespace acim
