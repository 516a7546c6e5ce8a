// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/hdf5/element.hpp"

namespace acim::hdf5 {

// One dataset of numbers, read by rows of its outermost axis again and again: it stays open with a
// bounded cache of chunks, and the file is watched for changes. Refuses what a reader by range
// cannot trust: values that were never written or lie in other files, chunks larger than
// chunk_limit, compression that needs a plug-in. The HDF5 library runs on the file in a child process only
// (child_process.hpp); threads take turns.
class RowReader {
public:
    static constexpr std::uint64_t chunk_limit = std::uint64_t{64} << 20;   // [byte]
    static constexpr std::uint64_t cache_limit = std::uint64_t{256} << 20;  // [byte]

    // Throws InputError "file: dataset: problem. Advice".
    static RowReader open(const std::string& path, const std::string& dataset);
    ~RowReader();
    RowReader(RowReader&&) noexcept;
    RowReader& operator=(RowReader&&) noexcept;

    const Dims& dims() const;
    ElementType type() const;  // what is stored, apart from the order of its bytes

    // The rows [first, first + count) as numbers of type(). Throws InputError where they cannot be
    // read, StorageError where the file has changed since it was opened.
    void read(std::uint64_t first, std::uint64_t count, void* out) const;

private:
    struct State;
    explicit RowReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace acim::hdf5
