// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

inline constexpr std::uint64_t default_read_cap = std::uint64_t{4} << 30;  // [byte]
inline constexpr unsigned max_rank = 8;

// Files are screened first (screen.hpp), but for those whose seal says that this program wrote them.
enum class Origin { foreign, sealed };

// Reads a file that somebody else may have written. Sizes are checked against the cap and max_rank
// before anything is allocated. HDF5 converts to the wanted type; a value that does not fit (out of
// range, a fraction or NaN as an integer) is an error, never clipped. Failures are InputError:
// "file: dataset: problem. Advice". Every call takes the one HDF5 mutex of the process.
class Reader {
public:
    static Reader open(const std::string& path, std::uint64_t byte_cap = default_read_cap);
    // The bytes are copied; name stands for the path in messages.
    static Reader from_bytes(std::span<const std::byte> bytes, const std::string& name,
                             std::uint64_t byte_cap = default_read_cap,
                             Origin origin = Origin::foreign);
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    const std::string& name() const;
    bool exists(const std::string& path) const;  // a dataset or a group
    bool is_group(const std::string& path) const;
    bool is_dataset(const std::string& path) const;
    // Links of a group, in the order of creation where the file kept it, else by name.
    std::vector<std::string> members(const std::string& group) const;

    Dims dims(const std::string& dataset) const;
    TypeClass type_class(const std::string& dataset) const;
    // True where the dataset is a bare netCDF dimension, which holds no values.
    bool is_bare_dimension(const std::string& dataset) const;

    // All values in row-major order.
    template <Element T>
    std::vector<T> read(const std::string& dataset) const {
        std::vector<T> values(checked_count(dataset, sizeof(T)));
        read_raw(dataset, element_type<T>, values.data());
        return values;
    }
    // The rows [first, first + count) of the outermost axis.
    template <Element T>
    std::vector<T> read_rows(const std::string& dataset, std::uint64_t first,
                             std::uint64_t count) const {
        std::vector<T> values(checked_rows(dataset, first, count, sizeof(T)));
        read_rows_raw(dataset, element_type<T>, first, count, values.data());
        return values;
    }
    // One value of a scalar dataset or of one with a single element.
    template <Element T>
    T read_scalar(const std::string& dataset) const {
        if (checked_count(dataset, sizeof(T)) != 1) {
            fail_not_scalar(dataset);
        }
        T value{};
        read_raw(dataset, element_type<T>, &value);
        return value;
    }
    std::vector<std::string> read_strings(const std::string& dataset) const;
    std::string read_text(const std::string& dataset) const;  // a scalar string

    std::vector<std::string> attributes(const std::string& object) const;  // by name
    bool has_attribute(const std::string& object, const std::string& name) const;
    TypeClass attribute_class(const std::string& object, const std::string& name) const;
    template <Element T>
    T attribute(const std::string& object, const std::string& name) const {
        std::vector<T> values = attribute_values<T>(object, name);
        if (values.size() != 1) {
            fail_not_scalar(object + "@" + name);
        }
        return values[0];
    }
    template <Element T>
    std::vector<T> attribute_values(const std::string& object, const std::string& name) const {
        std::vector<T> values(attribute_count(object, name));
        attribute_raw(object, name, element_type<T>, values.data());
        return values;
    }
    std::string attribute_text(const std::string& object, const std::string& name) const;

private:
    struct State;
    explicit Reader(std::unique_ptr<State> state);
    static Reader open_unscreened(const std::string& path, std::uint64_t byte_cap);
    static Reader read_image(std::span<const std::byte> bytes, const std::string& name,
                             std::uint64_t byte_cap);
    std::size_t checked_count(const std::string& dataset, std::size_t element_bytes) const;
    std::size_t checked_rows(const std::string& dataset, std::uint64_t first, std::uint64_t count,
                             std::size_t element_bytes) const;
    void read_raw(const std::string& dataset, ElementType type, void* data) const;
    void read_rows_raw(const std::string& dataset, ElementType type, std::uint64_t first,
                       std::uint64_t count, void* data) const;
    std::size_t attribute_count(const std::string& object, const std::string& name) const;
    void attribute_raw(const std::string& object, const std::string& name, ElementType type,
                       void* data) const;
    [[noreturn]] void fail_not_scalar(const std::string& what) const;
    std::unique_ptr<State> state_;
};

}  // namespace acim::hdf5
