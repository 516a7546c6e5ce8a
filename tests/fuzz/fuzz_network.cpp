// SPDX-License-Identifier: Apache-2.0
#include "host/quant/network_file.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

// A calibrated network.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    const fuzz::MemoryFile file(data, size);
    return fuzz::refuse_or_accept([&] { load_network(file.path()); });
}
