// SPDX-License-Identifier: Apache-2.0
#include "host/data/data_set.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

// Images, by the format that the first byte chooses.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    if (size == 0) return 0;
    const fuzz::MemoryFile file(data + 1, size - 1);
    DataSpec spec;
    spec.format = static_cast<DataFormat>(data[0] % 6);
    spec.images = file.path();
    if (data[0] & 64) spec.layout = static_cast<DataLayout>(data[0] / 6 % 4);
    if (has_labels_file(spec.format) && (data[0] & 128)) spec.labels = file.path();
    return fuzz::refuse_or_accept([&] { open_data(spec); });
}
