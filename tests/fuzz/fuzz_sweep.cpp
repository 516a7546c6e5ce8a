// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/load.hpp"
#include "host/sweep/point.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

// The YAML of a sweep: read, checked and expanded.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    const fuzz::MemoryFile file(data, size);
    return fuzz::refuse_or_accept([&] { expand(load_sweep(file.path())); });
}
