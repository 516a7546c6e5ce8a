// SPDX-License-Identifier: Apache-2.0
#include "host/onnx/import.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

// An ONNX model, imported.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace acim;
    const fuzz::MemoryFile file(data, size);
    return fuzz::refuse_or_accept([&] { import_onnx(file.path()); });
}
