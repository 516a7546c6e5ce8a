// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/memory_pool.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <string>

#include "cuda/engine/runtime.hpp"

namespace acim {

std::size_t MemoryPool::size_class(std::size_t bytes) {
    constexpr std::size_t least = 512;  // what the driver gives for one byte
    const std::size_t step = std::max(least, std::bit_ceil(bytes) / 8);
    return (bytes + step - 1) / step * step;
}

void* MemoryPool::take(std::size_t bytes) {
    const std::size_t size = size_class(bytes);
    {
        const std::lock_guard lock(mutex_);
        const auto found = free_.find(size);
        if (found != free_.end() && !found->second.empty()) {
            void* const data = found->second.back();
            found->second.pop_back();
            kept_ -= size;
            return data;
        }
    }
    void* data = nullptr;
    cudaError_t code = cudaMalloc(&data, size);
    if (code == cudaErrorMemoryAllocation && kept() > 0) {
        trim();
        code = cudaMalloc(&data, size);
    }
    if (code != cudaSuccess)
        check(code, ("cudaMalloc of " + std::to_string(size) + " bytes").c_str());
    return data;
}

void MemoryPool::give(void* data, std::size_t bytes) noexcept {
    if (data == nullptr) return;
    const std::size_t size = size_class(bytes);
    try {
        const std::lock_guard lock(mutex_);
        if (kept_ + size <= most_kept) {
            free_[size].push_back(data);
            kept_ += size;
            return;
        }
    } catch (const std::bad_alloc&) {
    }
    cudaFree(data);
}

void MemoryPool::trim() noexcept {
    std::map<std::size_t, std::vector<void*>> kept;
    {
        const std::lock_guard lock(mutex_);
        kept.swap(free_);
        kept_ = 0;
    }
    for (const auto& [size, all] : kept)
        for (void* data : all) cudaFree(data);
}

std::size_t MemoryPool::kept() const {
    const std::lock_guard lock(mutex_);
    return kept_;
}

}  // namespace acim
