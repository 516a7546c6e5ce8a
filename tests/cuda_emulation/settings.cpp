// SPDX-License-Identifier: Apache-2.0
// What tests set and ask of the machine.
#include <mutex>
#include <string>

#include "tests/cuda_emulation/machine.hpp"
#include "tests/cuda_emulation/meeting.hpp"

namespace acim::emulation {

void set_devices(const std::vector<DeviceModel>& devices) {
    constexpr std::size_t most = 8;
    const Call call{"set_devices", {"test", 0}};
    if (devices.size() > most) fail(call, "more than 8 devices");
    if (leftovers() != Leftovers{}) fail(call, "something is still allocated");
    Machine& m = machine();
    const std::lock_guard lock(m.mutex);
    m.driver_failure = cudaSuccess;
    m.shared_limits.clear();
    m.devices.clear();
    for (const DeviceModel& model : devices) m.devices.emplace_back().model = model;
}

void set_driver_failure(cudaError_t code) {
    const std::lock_guard lock(machine().mutex);
    machine().driver_failure = code;
}

void fail_launch(const LaunchFault& fault) {
    const std::lock_guard lock(machine().mutex);
    machine().devices.at(fault.device).fault = fault;
}

Counters counters(int device) {
    const std::lock_guard lock(machine().mutex);
    return machine().devices.at(device).counters;
}

Leftovers leftovers() {
    const Machine& m = machine();
    const std::lock_guard lock(machine().mutex);
    Leftovers left;
    for (const Device& device : m.devices) left.device_bytes += device.counters.bytes;
    left.pinned_bytes = m.bytes_on(pinned_host);
    left.streams = m.streams.size();
    left.events = m.events.size();
    return left;
}

}  // namespace acim::emulation
