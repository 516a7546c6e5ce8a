// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace acim {

// Device memory that is kept for what comes next: cudaFree waits for everything that runs on the
// device, so design points that come and go with every batch would make its lanes wait for each
// other. Belongs to one device, which is the current one of every thread that calls; any number of
// them may. What is given back must not be in use any more.
class MemoryPool {
public:
    MemoryPool() = default;
    ~MemoryPool() { trim(); }
    MemoryPool(const MemoryPool&) = delete;
    MemoryPool& operator=(const MemoryPool&) = delete;

    // At least that many bytes. Throws DeviceError; what is kept goes before memory is short.
    void* take(std::size_t bytes);
    void give(void* data, std::size_t bytes) noexcept;
    // Frees what is kept.
    void trim() noexcept;
    std::size_t kept() const;  // [byte]

    // What take(bytes) really takes: a multiple of an eighth of the next power of two.
    static std::size_t size_class(std::size_t bytes);

private:
    static constexpr std::size_t most_kept = std::size_t{256} << 20;

    mutable std::mutex mutex_;
    std::map<std::size_t, std::vector<void*>> free_;  // by size class
    std::size_t kept_ = 0;
};

}  // namespace acim
