// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/hdf5/backend.hpp"
#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

// Who wrote a file: this program, as its seal says, or anybody.
enum class Origin { foreign, sealed };

// Reads a file that somebody else may have written: then the HDF5 library runs on it in a child
// process only (child_process.hpp), because a damaged file can crash it. Sizes are checked against the
// cap and max_rank before anything is allocated. HDF5 converts to the wanted type; a value that does
// not fit (out of range, a fraction or NaN as an integer) is an error, never clipped. Failures are
// InputError: "file: dataset: problem. Advice". Several threads may call: they take turns, for a
// foreign file with one another, for a sealed one with all that use HDF5 in the process.
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
        std::vector<T> values(backend_->checked_count(dataset, sizeof(T)));
        backend_->read_raw(dataset, element_type<T>, values.size(), values.data());
        return values;
    }
    // The rows [first, first + count) of the outermost axis.
    template <Element T>
    std::vector<T> read_rows(const std::string& dataset, std::uint64_t first,
                             std::uint64_t count) const {
        std::vector<T> values(backend_->checked_rows(dataset, first, count, sizeof(T)));
        backend_->read_rows_raw(dataset, element_type<T>, first, count, values.size(),
                                values.data());
        return values;
    }
    // One value of a scalar dataset or of one with a single element.
    template <Element T>
    T read_scalar(const std::string& dataset) const {
        if (backend_->checked_count(dataset, sizeof(T)) != 1) {
            fail_not_scalar(dataset);
        }
        T value{};
        backend_->read_raw(dataset, element_type<T>, 1, &value);
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
        std::vector<T> values(backend_->attribute_count(object, name));
        backend_->attribute_raw(object, name, element_type<T>, values.size(), values.data());
        return values;
    }
    std::string attribute_text(const std::string& object, const std::string& name) const;

private:
    explicit Reader(std::unique_ptr<Backend> backend);
    [[noreturn]] void fail_not_scalar(const std::string& what) const;
    std::unique_ptr<Backend> backend_;
};

}  // namespace acim::hdf5
