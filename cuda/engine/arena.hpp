// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "cuda/engine/runtime.hpp"

namespace acim {

// Many small arrays in one piece of device memory: gathered on the host, sent at once. What holds
// pointers to them goes into a second arena.
class Arena {
public:
    // Memory comes from the pool, if there is one.
    explicit Arena(MemoryPool* pool = nullptr) : pool_(pool) {}

    // Place of the values once the arena is sent.
    template <class T>
    std::size_t add(std::span<const T> values) {
        static_assert(std::is_trivially_copyable_v<T>);
        constexpr std::size_t alignment = 256;  // of every load of the kernels
        const std::size_t at = (host_.size() + alignment - 1) / alignment * alignment;
        host_.resize(at + values.size_bytes());
        if (!values.empty()) std::memcpy(host_.data() + at, values.data(), values.size_bytes());
        return at;
    }
    template <class T>
    std::size_t add(const std::vector<T>& values) {
        return add(std::span<const T>(values));
    }

    void send() {
        device_ = DeviceArray<std::byte>(std::span<const std::byte>(host_), pool_);
        host_ = {};
    }
    template <class T>
    T* at(std::size_t place) const {
        return reinterpret_cast<T*>(device_.data() + place);
    }
    std::size_t footprint() const { return device_.footprint(); }

private:
    MemoryPool* pool_;
    std::vector<std::byte> host_;
    DeviceArray<std::byte> device_;
};

}  // namespace acim
