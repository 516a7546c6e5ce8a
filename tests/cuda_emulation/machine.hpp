// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "tests/cuda_emulation/emulation.hpp"

namespace acim::emulation {

struct Device {
    DeviceModel model;
    Counters counters;
    std::optional<LaunchFault> fault;
    cudaError_t pending = cudaSuccess;  // told by the next wait
    bool breaks = false;                // once that has been told
    cudaError_t broken = cudaSuccess;   // told by every call
};

inline constexpr int pinned_host = -1;  // instead of a device

struct Allocation {
    std::size_t bytes = 0;
    int device = 0;
};

// Devices and what has been allocated on them. Lock `mutex` around every use.
class Machine {
public:
    std::mutex mutex;
    std::vector<Device> devices{1};
    cudaError_t driver_failure = cudaSuccess;
    std::map<cudaStream_t, int> streams;  // with their device
    // What cudaFuncSetAttribute allows a kernel on a device [byte].
    std::map<std::pair<const void*, int>, std::size_t> shared_limits;
    std::map<cudaEvent_t, std::chrono::steady_clock::time_point> events;

    bool has(cudaStream_t stream) const { return stream == nullptr || streams.contains(stream); }

    // Null where the device has not that much left.
    void* allocate(std::size_t bytes, int device);
    // Fails loudly where `memory` is not the start of an allocation of that kind.
    void free(void* memory, bool pinned);

    enum class Side { host, device, any };
    // Fails loudly unless the range lies in one allocation of that side, or is plain host memory.
    void check_range(const char* call, const void* memory, std::size_t bytes, Side side) const;

    // Fails loudly where something was written before or behind an allocation.
    void check_guards() const;
    std::size_t bytes_on(int device) const;

    // A new handle, never used before.
    std::uintptr_t token() { return ++tokens_ << 8; }

private:
    std::map<std::uintptr_t, Allocation> allocations_;
    std::uintptr_t tokens_ = 0;
};

Machine& machine();

}  // namespace acim::emulation
