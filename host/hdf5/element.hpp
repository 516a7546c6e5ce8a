// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace acim::hdf5 {

// Sizes of a dataset, outermost first; empty for a scalar.
using Dims = std::vector<std::uint64_t>;

// The numbers that this layer writes and reads; memory and file types are equal.
enum class ElementType { i8, u8, i16, u16, i32, u32, i64, u64, f32, f64 };

inline std::size_t element_bytes(ElementType type) {
    switch (type) {
        case ElementType::i8:
        case ElementType::u8:
            return 1;
        case ElementType::i16:
        case ElementType::u16:
            return 2;
        case ElementType::i32:
        case ElementType::u32:
        case ElementType::f32:
            return 4;
        default:
            return 8;
    }
}

// What a stored value is, before any conversion.
enum class TypeClass { integer, floating, text, other };

template <class T>
inline constexpr bool is_element = false;
template <class T>
inline constexpr ElementType element_type = ElementType::i8;

#define ACIM_HDF5_ELEMENT(Type, name)              \
    template <>                                    \
    inline constexpr bool is_element<Type> = true; \
    template <>                                    \
    inline constexpr ElementType element_type<Type> = ElementType::name
ACIM_HDF5_ELEMENT(std::int8_t, i8);
ACIM_HDF5_ELEMENT(std::uint8_t, u8);
ACIM_HDF5_ELEMENT(std::int16_t, i16);
ACIM_HDF5_ELEMENT(std::uint16_t, u16);
ACIM_HDF5_ELEMENT(std::int32_t, i32);
ACIM_HDF5_ELEMENT(std::uint32_t, u32);
ACIM_HDF5_ELEMENT(std::int64_t, i64);
ACIM_HDF5_ELEMENT(std::uint64_t, u64);
ACIM_HDF5_ELEMENT(float, f32);
ACIM_HDF5_ELEMENT(double, f64);
#undef ACIM_HDF5_ELEMENT

template <class T>
concept Element = is_element<T>;

// One named column of a table: equal lengths within a table.
using ColumnValues =
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>>;

}  // namespace acim::hdf5
