// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace acim {

// Numbers as files hold them, little-endian.
enum class ValueType { u1, i1, u2, i2, u4, i4, u8, i8, f4, f8 };

std::size_t value_bytes(ValueType type);

// An array on disk or in memory, read by range of its outermost axis without any conversion. Every
// function may be called from several threads.
class ItemArray {
public:
    // Throws InputError where the dimensions are none, zero, or larger than anything sensible, so
    // that the products below cannot overflow. `name` stands for the file in messages.
    ItemArray(std::string name, ValueType type, std::vector<std::uint64_t> dims);
    virtual ~ItemArray() = default;

    const std::string& name() const { return name_; }
    ValueType type() const { return type_; }
    const std::vector<std::uint64_t>& dims() const { return dims_; }  // outermost first
    std::uint64_t items() const { return dims_[0]; }
    std::size_t item_values() const { return item_values_; }
    std::size_t item_bytes() const { return item_values_ * value_bytes(type_); }
    std::uint64_t bytes() const { return items() * item_bytes(); }

    // The bytes of the items [first, first + count), C order; they lie in `space` or in the array's
    // own memory. StorageError where they cannot be read although they could before.
    virtual std::span<const std::byte> read(std::uint64_t first, std::uint64_t count,
                                            std::vector<std::byte>& space) const = 0;

private:
    std::string name_;
    ValueType type_;
    std::vector<std::uint64_t> dims_;
    std::size_t item_values_ = 1;
};

// An array in memory: what was compressed.
class MemoryArray final : public ItemArray {
public:
    // The values begin at `offset` of the bytes.
    MemoryArray(std::string name, ValueType type, std::vector<std::uint64_t> dims,
                std::vector<std::byte> bytes, std::size_t offset = 0);

    std::span<const std::byte> read(std::uint64_t first, std::uint64_t count,
                                    std::vector<std::byte>&) const override {
        return std::span(bytes_).subspan(offset_ + first * item_bytes(), count * item_bytes());
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t offset_;
};

// Bytes that compressed data may take in memory.
inline constexpr std::uint64_t memory_limit = std::uint64_t{2} << 30;

}  // namespace acim
