// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "host/store/results_file.hpp"
#include "host/store/sealed_file.hpp"
#include "host/store/segment_file.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

// Segments and results files whose seal is right, as a hostile writer would make it.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto image = check_seal(bytes).image;
    std::vector<std::byte> sealed(image.begin(), image.end());
    seal(sealed);
    const fuzz::MemoryFile file(reinterpret_cast<const std::uint8_t*>(sealed.data()),
                                sealed.size());
    fuzz::refuse_or_accept([&] { open_results(file.path()); });
    return fuzz::refuse_or_accept([&] { read_segment(file.path()); });
}
