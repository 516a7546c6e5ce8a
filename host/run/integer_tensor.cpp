// SPDX-License-Identifier: Apache-2.0
#include "host/run/integer_tensor.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

// Every count of an operand stays far below what an int holds.
constexpr std::uint64_t largest_axis = std::uint64_t{1} << 30;

void check_dims(const IntegerTensor& t, std::size_t low_rank, std::size_t high_rank,
                const std::string& axes) {
    if (t.rank() < low_rank || t.rank() > high_rank) {
        throw InputError(
            fmt::format("{} has shape {}, but must be {}.", t.place(), t.shape_text(), axes));
    }
    for (const std::uint64_t size : t.dims) {
        if (size == 0 || size > largest_axis) {
            throw InputError(fmt::format("{} has shape {}: an axis must hold 1 to 2^30 values.",
                                         t.place(), t.shape_text()));
        }
    }
}

// Whole numbers that float files hold; the bounds keep the conversion exact.
void read_floats(const hdf5::Reader& in, IntegerTensor& t) {
    const std::vector<double> values = in.read<double>(t.name);
    t.values.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double v = values[i];
        if (!(std::abs(v) < 1e15) || v != std::floor(v)) {
            throw InputError(
                fmt::format("{}{} is {}, but operands are whole numbers. Divide by the "
                            "scale and round before writing the file.",
                            t.place(), t.index_text(i), v));
        }
        t.values.push_back(static_cast<std::int64_t>(v));
    }
}

}  // namespace

std::string IntegerTensor::shape_text() const { return fmt::format("[{}]", fmt::join(dims, ", ")); }

std::string IntegerTensor::index_text(std::size_t flat) const {
    std::vector<std::uint64_t> index(dims.size());
    for (std::size_t axis = dims.size(); axis-- > 0;) {
        index[axis] = flat % dims[axis];
        flat /= dims[axis];
    }
    return fmt::format("[{}]", fmt::join(index, ", "));
}

IntegerTensor read_integers(const hdf5::Reader& in, const std::string& name, std::size_t low_rank,
                            std::size_t high_rank, const std::string& axes) {
    IntegerTensor t{in.name(), name, in.dims(name), {}};
    check_dims(t, low_rank, high_rank, axes);
    switch (in.type_class(name)) {
        case hdf5::TypeClass::floating:
            read_floats(in, t);
            break;
        case hdf5::TypeClass::text:
            throw InputError(t.place() + " holds text. Write integers.");
        default:
            t.values = in.read<std::int64_t>(name);
            break;
    }
    return t;
}

void check_values(const IntegerTensor& tensor, std::int64_t low, std::int64_t high,
                  const std::string& what, const std::string& advice) {
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
        const std::int64_t v = tensor.values[i];
        if (v >= low && v <= high) continue;
        throw InputError(fmt::format("{}{} is {}, but {} lie in {}..{}. {}", tensor.place(),
                                     tensor.index_text(i), v, what, low, high, advice));
    }
}

}  // namespace acim
