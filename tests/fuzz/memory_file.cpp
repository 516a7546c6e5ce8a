// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/memory_file.hpp"

#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

namespace acim::fuzz {

MemoryFile::MemoryFile(const std::uint8_t* data, std::size_t size)
    : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(descriptor_)) {
    if (descriptor_ < 0) std::abort();
    for (std::size_t at = 0; at < size;) {
        const ssize_t count = write(descriptor_, data + at, size - at);
        if (count <= 0) std::abort();
        at += static_cast<std::size_t>(count);
    }
}

MemoryFile::~MemoryFile() { close(descriptor_); }

}  // namespace acim::fuzz
