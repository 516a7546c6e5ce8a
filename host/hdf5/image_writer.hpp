// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

// Builds an HDF5 file in memory; write_file_atomically() puts the image on disk. The library never
// sees a disk, so that a full one gives a plain errno and no half-written file. Equal calls give
// equal bytes: no times are kept, and link order is the order of creation.
// Numbers above 1 KiB are shuffled, deflated and checked by Fletcher-32; strings are
// variable-length UTF-8. The parent of a path must exist. Every call takes the one HDF5 mutex of the
// process; one writer belongs to one thread at a time. Failures are ContractError: the program
// chose the names and the sizes.
class ImageWriter {
public:
    ImageWriter();
    ~ImageWriter();
    ImageWriter(ImageWriter&&) noexcept;
    ImageWriter& operator=(ImageWriter&&) noexcept;

    void group(const std::string& path);

    // Values in row-major order; the product of dims is their number.
    template <Element T>
    void write(const std::string& path, std::span<const T> values, const Dims& dims) {
        write_raw(path, element_type<T>, values.data(), values.size(), dims);
    }
    template <Element T>
    void write(const std::string& path, const std::vector<T>& values, const Dims& dims) {
        write(path, std::span<const T>(values), dims);
    }
    template <Element T>
    void write(const std::string& path, const std::vector<T>& values) {
        write(path, std::span<const T>(values), {values.size()});
    }
    void write(const std::string& path, const std::vector<std::string>& values);
    void write_text(const std::string& path, std::string_view text);  // a scalar string

    // Compound table of equally long columns, strings of fixed length: what pandas.read_hdf reads.
    void write_table(const std::string& path,
                     const std::vector<std::pair<std::string, ColumnValues>>& columns);

    // Attributes of a dataset or group ("/" is the root); at most 64 KiB each.
    template <Element T>
    void attribute(const std::string& object, const std::string& name, T value) {
        attribute_raw(object, name, element_type<T>, &value, {});
    }
    template <Element T>
    void attribute(const std::string& object, const std::string& name,
                   const std::vector<T>& values) {
        attribute_raw(object, name, element_type<T>, values.data(), {values.size()});
    }
    void attribute(const std::string& object, const std::string& name, std::string_view text);
    void attribute(const std::string& object, const std::string& name, const char* text) {
        attribute(object, name, std::string_view(text));
    }

    // Dimension scales as netCDF-4 and xarray want them: a bare dimension, or a coordinate made of
    // a dataset that is already written; attach() names the dimension of one axis of a dataset.
    // Every axis of a dataset gets one, or none does.
    void dimension(const std::string& path, std::uint64_t size);
    void make_scale(const std::string& dataset);
    void attach(const std::string& dataset, unsigned axis, const std::string& scale);

    // The whole file. Ends the writer.
    std::vector<std::byte> image();

private:
    struct State;
    void write_raw(const std::string& path, ElementType type, const void* data, std::size_t count,
                   const Dims& dims);
    void attribute_raw(const std::string& object, const std::string& name, ElementType type,
                       const void* data, const Dims& dims);
    void write_dimension_lists();
    std::unique_ptr<State> state_;
};

}  // namespace acim::hdf5
