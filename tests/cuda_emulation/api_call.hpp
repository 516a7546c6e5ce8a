// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <utility>

#include "tests/cuda_emulation/machine.hpp"

namespace acim::emulation {

// The device that cudaSetDevice chose in this thread.
int current_device();

// Keeps a failure for cudaGetLastError.
cudaError_t record(cudaError_t code);

// What a call finds before it begins: cudaSuccess where the device works.
inline cudaError_t state_of(const Machine& m, int device) {
    if (m.driver_failure != cudaSuccess) return m.driver_failure;
    if (m.devices.empty()) return cudaErrorNoDevice;
    return m.devices[device].broken;
}

// The failure of an earlier launch that waiting for the device tells.
inline cudaError_t wait_for(Device& device) {
    if (std::exchange(device.breaks, false)) device.broken = device.pending;
    return std::exchange(device.pending, cudaSuccess);
}

// Does `work(machine, device)` under the machine's lock where the current device works.
template <class Work>
cudaError_t api_call(Work work) {
    Machine& m = machine();
    const std::lock_guard lock(m.mutex);
    const int device = current_device();
    const cudaError_t state = state_of(m, device);
    return record(state != cudaSuccess ? state : work(m, device));
}

}  // namespace acim::emulation
