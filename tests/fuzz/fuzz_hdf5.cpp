// SPDX-License-Identifier: Apache-2.0
#include <span>

#include "host/hdf5/walk.hpp"
#include "tests/fuzz/target.hpp"

// A whole HDF5 file that somebody else may have written, read value by value.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    return fuzz::refuse_or_accept([&] {
        const auto in = hdf5::Reader::from_bytes(std::as_bytes(std::span(data, size)), "fuzz",
                                                 std::uint64_t{1} << 26);
        hdf5::walk(in, [&in](const std::string& path) {
            if (in.is_dataset(path)) hdf5::read_values(in, path);
        });
    });
}
