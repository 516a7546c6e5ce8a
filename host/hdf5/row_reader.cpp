// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/row_reader.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/child_process.hpp"
#include "host/hdf5/local_rows.hpp"
#include "host/hdf5/reader.hpp"

namespace acim::hdf5 {

namespace {

constexpr std::uint64_t piece = std::uint64_t{32} << 20;  // most bytes of one answer, or one row

std::uint64_t bytes_of(const Dims& dims, ElementType type) {
    unsigned __int128 bytes = element_bytes(type);
    for (std::size_t axis = 1; axis < dims.size(); ++axis)
        bytes = std::min<unsigned __int128>(bytes * dims[axis], ~std::uint64_t{0});
    return static_cast<std::uint64_t>(bytes);
}

// The greeting: the type, then the sizes.
void greet(const LocalRows& rows, Answer& greeting) {
    Dims numbers{static_cast<std::uint64_t>(rows.type())};
    numbers.insert(numbers.end(), rows.dims().begin(), rows.dims().end());
    greeting.put(numbers);
}

// Runs in the child process.
Service serve_rows(std::shared_ptr<const LocalRows> rows) {
    const std::uint64_t row_bytes = bytes_of(rows->dims(), rows->type());
    return [rows = std::move(rows), row_bytes](const Request& ask, Answer& out) {
        ACIM_EXPECT(ask.operation == Operation::read_open_rows && ask.first <= rows->dims()[0] &&
                    ask.count <= rows->dims()[0] - ask.first && ask.values == row_bytes);
        ACIM_EXPECT(ask.count <=
                    std::max(piece / std::max(row_bytes, std::uint64_t{1}), std::uint64_t{1}));
        rows->read(ask.first, ask.count, out.make(ask.count * row_bytes));
    };
}

}  // namespace

struct RowReader::State {
    explicit State(const ChildTask& task) : child(task) {
        constexpr auto last = static_cast<std::uint64_t>(ElementType::f64);
        if (!take(child.greeting(), dims) || dims.size() < 2 || dims.size() > max_rank + 1 ||
            dims[0] > last)
            child.refuse_answer();
        type = static_cast<ElementType>(dims[0]);
        dims.erase(dims.begin());
        row_bytes = bytes_of(dims, type);
    }

    ChildProcess child;
    Dims dims;
    ElementType type = ElementType::u8;
    std::uint64_t row_bytes = 0;
};

RowReader::RowReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowReader::~RowReader() = default;
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;

RowReader RowReader::open(const std::string& path, const std::string& dataset) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        throw InputError(fmt::format("{}: not a file. Give the path of an HDF5 file", path));
    const auto open = [&](const std::string& reachable, Answer& greeting) {
        auto rows = std::make_shared<const LocalRows>(reachable, path, dataset);
        greet(*rows, greeting);
        return serve_rows(std::move(rows));
    };
    // Rows are few at a time, whatever the size of the file.
    return RowReader(std::make_unique<State>(ChildTask{path, path, 0, default_read_cap, open}));
}

const Dims& RowReader::dims() const { return state_->dims; }
ElementType RowReader::type() const { return state_->type; }

void RowReader::read(std::uint64_t first, std::uint64_t count, void* out) const {
    ACIM_EXPECT(first <= state_->dims[0] && count <= state_->dims[0] - first);
    const std::uint64_t row_bytes = state_->row_bytes;
    const std::uint64_t rows =
        std::max(piece / std::max(row_bytes, std::uint64_t{1}), std::uint64_t{1});
    auto* to = static_cast<std::byte*>(out);
    while (count > 0) {
        const std::uint64_t some = std::min(rows, count);
        state_->child.ask({.operation = Operation::read_open_rows,
                           .first = first,
                           .count = some,
                           .values = row_bytes},
                          to, some * row_bytes);
        first += some;
        count -= some;
        to += some * row_bytes;
    }
}

}  // namespace acim::hdf5
