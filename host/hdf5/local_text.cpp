// SPDX-License-Identifier: Apache-2.0
// Strings and attributes of a LocalReader.
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/local_reader.hpp"
#include "host/hdf5/native_type.hpp"

namespace acim::hdf5 {

namespace {

// Lets HDF5 allocate variable-length strings up to a budget: many references to one long string
// make a small file large in memory.
struct Budget {
    std::uint64_t left = 0;
};

void* allocate(std::size_t bytes, void* info) {
    Budget& budget = *static_cast<Budget*>(info);
    if (bytes > budget.left) {
        return nullptr;
    }
    budget.left -= bytes;
    return std::malloc(bytes);
}

void release(void* memory, void*) { std::free(memory); }

std::string fixed_text(const char* data, std::size_t size) {
    std::string text(data, strnlen(data, size));
    return text;
}

// A stored number of any class as an integer or a double, then as the wanted type.
struct Number {
    bool integral = true;
    __int128 integer = 0;
    double real = 0;
};

template <class T>
bool put(const Number& number, void* to) {
    T value{};
    if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(number.integral ? static_cast<double>(number.integer) : number.real);
    } else {
        if (!number.integral || number.integer < std::numeric_limits<T>::min() ||
            number.integer > static_cast<__int128>(std::numeric_limits<T>::max())) {
            return false;
        }
        value = static_cast<T>(number.integer);
    }
    std::memcpy(to, &value, sizeof value);
    return true;
}

bool put_as(ElementType type, const Number& number, void* to) {
    switch (type) {
        case ElementType::i8:
            return put<std::int8_t>(number, to);
        case ElementType::u8:
            return put<std::uint8_t>(number, to);
        case ElementType::i16:
            return put<std::int16_t>(number, to);
        case ElementType::u16:
            return put<std::uint16_t>(number, to);
        case ElementType::i32:
            return put<std::int32_t>(number, to);
        case ElementType::u32:
            return put<std::uint32_t>(number, to);
        case ElementType::i64:
            return put<std::int64_t>(number, to);
        case ElementType::u64:
            return put<std::uint64_t>(number, to);
        case ElementType::f32:
            return put<float>(number, to);
        case ElementType::f64:
            return put<double>(number, to);
    }
    return false;
}

// Empty where the library cannot read or convert them.
std::optional<std::vector<Number>> numbers_of(hid_t attribute, hid_t stored, std::size_t count) {
    std::vector<Number> numbers(count);
    const bool real = H5Tget_class(stored) == H5T_FLOAT;
    const Id base(H5Tget_class(stored) == H5T_ENUM ? H5Tget_super(stored) : H5Tcopy(stored));
    const bool is_signed = !real && H5Tget_sign(base.get()) == H5T_SGN_2;
    const hid_t wide =
        real ? H5T_NATIVE_DOUBLE : (is_signed ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64);
    std::vector<std::byte> buffer(count * std::max<std::size_t>(8, H5Tget_size(stored)));
    if (H5Aread(attribute, stored, buffer.data()) < 0 ||
        H5Tconvert(base.get(), wide, count, buffer.data(), nullptr, H5P_DEFAULT) < 0) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* at = buffer.data() + 8 * i;
        if (real) {
            std::memcpy(&numbers[i].real, at, 8);
            numbers[i].integral = false;
            if (numbers[i].real >= -9.0e18 && numbers[i].real <= 9.0e18 &&
                static_cast<double>(static_cast<std::int64_t>(numbers[i].real)) ==
                    numbers[i].real) {
                numbers[i].integral = true;
                numbers[i].integer = static_cast<std::int64_t>(numbers[i].real);
            }
        } else if (is_signed) {
            std::int64_t value = 0;
            std::memcpy(&value, at, 8);
            numbers[i].integer = value;
        } else {
            std::uint64_t value = 0;
            std::memcpy(&value, at, 8);
            numbers[i].integer = static_cast<__int128>(value);
        }
    }
    return numbers;
}

Id open_attribute(hid_t file, const std::string& object, const std::string& name) {
    return Id(H5Aopen_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
}

}  // namespace

std::vector<std::string> LocalReader::read_strings(const std::string& dataset) const {
    const LibraryLock lock;
    const Id object = open_dataset(dataset);
    const Id type(H5Dget_type(object.get()));
    if (class_of(type.get()) != TypeClass::text) {
        fail(dataset, "holds no text", "Write strings");
    }
    check_own_values(dataset, object.get());
    const Dims sizes = extent(dataset, Id(H5Dget_space(object.get())));
    std::vector<std::string> texts;
    if (H5Tis_variable_str(type.get()) <= 0) {
        const std::size_t width = H5Tget_size(type.get());
        const std::size_t count = checked_size(dataset, sizes, width);
        std::vector<char> buffer(count * width);
        if (H5Dread(object.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer.data()) < 0) {
            fail_with_reason(dataset);
        }
        for (std::size_t i = 0; i < count; ++i) {
            texts.push_back(fixed_text(buffer.data() + i * width, width));
        }
        return texts;
    }
    std::vector<char*> pointers(checked_size(dataset, sizes, 2 * sizeof(std::string)));
    Budget budget{byte_cap_};
    const Id transfer = made(H5Pcreate(H5P_DATASET_XFER), dataset);
    done(H5Pset_vlen_mem_manager(transfer.get(), allocate, &budget, release, nullptr), dataset);
    const herr_t status =
        H5Dread(object.get(), type.get(), H5S_ALL, H5S_ALL, transfer.get(), pointers.data());
    for (char* pointer : pointers) {
        texts.emplace_back(status >= 0 && pointer != nullptr ? pointer : "");
        release(pointer, nullptr);
    }
    if (status < 0) {
        fail_with_reason(dataset);
    }
    return texts;
}

bool LocalReader::has_attribute(const std::string& object, const std::string& name) const {
    const LibraryLock lock;
    const htri_t found = H5Aexists_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT);
    H5Eclear2(H5E_DEFAULT);
    return found > 0;
}

std::vector<std::string> LocalReader::attributes(const std::string& object) const {
    const LibraryLock lock;
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
    };
    if (H5Aiterate_by_name(file_.get(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC, nullptr,
                           collect, &names, H5P_DEFAULT) < 0) {
        fail_with_reason(object);
    }
    return names;
}

TypeClass LocalReader::attribute_class(const std::string& object, const std::string& name) const {
    const LibraryLock lock;
    const Id attribute = open_attribute(file_.get(), object, name);
    if (!attribute.valid()) {
        H5Eclear2(H5E_DEFAULT);
        fail(object + "@" + name, "no such attribute", "Check what wrote the file");
    }
    const Id type(H5Aget_type(attribute.get()));
    return class_of(type.get());
}

std::size_t LocalReader::attribute_count(const std::string& object, const std::string& name) const {
    const LibraryLock lock;
    const std::string what = object + "@" + name;
    const TypeClass kind = attribute_class(object, name);
    if (kind != TypeClass::integer && kind != TypeClass::floating) {
        fail(what, "holds no number", "Write a number");
    }
    const Id attribute = open_attribute(file_.get(), object, name);
    const Dims sizes = extent(what, Id(H5Aget_space(attribute.get())));
    const std::size_t count = checked_size(what, sizes, 16);
    if (count * 16 > attribute_cap) {
        fail(what, "is too long for an attribute", "Write a dataset");
    }
    return count;
}

void LocalReader::attribute_raw(const std::string& object, const std::string& name,
                                ElementType type, std::size_t, void* data) const {
    const LibraryLock lock;
    const std::size_t count = attribute_count(object, name);
    const Id attribute = open_attribute(file_.get(), object, name);
    const Id stored(H5Aget_type(attribute.get()));
    const std::size_t width = H5Tget_size(native_type(type));
    const auto numbers = numbers_of(attribute.get(), stored.get(), count);
    if (!numbers) {
        fail_with_reason(object + "@" + name);
    }
    std::size_t i = 0;
    for (const Number& number : *numbers) {
        if (!put_as(type, number, static_cast<std::byte*>(data) + width * i++)) {
            fail(object + "@" + name, "is out of range or no whole number",
                 "Write it in the documented type");
        }
    }
}

std::string LocalReader::attribute_text(const std::string& object, const std::string& name) const {
    const LibraryLock lock;
    const std::string what = object + "@" + name;
    if (attribute_class(object, name) != TypeClass::text) {
        fail(what, "holds no text", "Write a string");
    }
    const Id attribute = open_attribute(file_.get(), object, name);
    const Id type(H5Aget_type(attribute.get()));
    const Dims sizes = extent(what, Id(H5Aget_space(attribute.get())));
    const std::size_t width = H5Tget_size(type.get());
    if (checked_size(what, sizes, width) != 1 || width > attribute_cap) {
        fail(what, "holds no single value", "Write one number");
    }
    if (H5Tis_variable_str(type.get()) > 0) {
        char* pointer = nullptr;
        if (H5Aread(attribute.get(), type.get(), &pointer) < 0) {
            fail_with_reason(what);
        }
        const std::string text = pointer == nullptr ? "" : pointer;
        H5free_memory(pointer);
        return text;
    }
    std::vector<char> buffer(width);
    if (H5Aread(attribute.get(), type.get(), buffer.data()) < 0) {
        fail_with_reason(what);
    }
    return fixed_text(buffer.data(), width);
}

}  // namespace acim::hdf5
