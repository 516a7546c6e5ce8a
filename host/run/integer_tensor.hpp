// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/hdf5/reader.hpp"

namespace acim {

// A dataset of whole numbers with the place it came from.
struct IntegerTensor {
    std::string file;
    std::string name;
    hdf5::Dims dims;
    std::vector<std::int64_t> values;  // C order

    int dim(std::size_t axis) const { return static_cast<int>(dims[axis]); }
    std::size_t rank() const { return dims.size(); }
    std::string place() const { return file + ": " + name; }
    std::string shape_text() const;                  // "[2, 64, 8, 8]"
    std::string index_text(std::size_t flat) const;  // "[0, 3, 1, 2]"
};

// Reads a dataset of any integer or float type. Throws InputError for a rank outside the bounds, an
// empty axis and, naming its index, a value that is not a whole number.
IntegerTensor read_integers(const hdf5::Reader& in, const std::string& name, std::size_t low_rank,
                            std::size_t high_rank, const std::string& axes);

// Throws InputError for the first value outside low..high; `what` says whose bounds they are.
void check_values(const IntegerTensor& tensor, std::int64_t low, std::int64_t high,
                  const std::string& what, const std::string& advice);

}  // namespace acim
