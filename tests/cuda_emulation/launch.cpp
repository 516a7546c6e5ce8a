// SPDX-License-Identifier: Apache-2.0
// Launches of the runtime API: what CUDA refuses, the fault that a test asked for, then the grid.
#include <algorithm>
#include <mutex>

#include "tests/cuda_emulation/api_call.hpp"
#include "tests/cuda_emulation/block.hpp"

namespace acim::emulation {
namespace {

constexpr std::size_t shared_without_asking = 48 << 10;

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
cudaError_t check_shape(const dim3& grid, const dim3& block) {
    const bool empty = grid.x * grid.y * grid.z == 0 || block.x * block.y * block.z == 0;
    const bool large = grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 || block.x > 1024 ||
                       block.y > 1024 || block.z > 64 || block.x * block.y * block.z > 1024;
    return empty || large ? cudaErrorInvalidConfiguration : cudaSuccess;
}

cudaError_t check_launch(const Machine& m, int device, const cudaLaunchConfig_t& config,
                         const Body& body) {
    if (!m.has(config.stream)) return cudaErrorInvalidResourceHandle;
    if (config.stream != nullptr && m.streams.at(config.stream) != device)
        return cudaErrorInvalidResourceHandle;
    const auto asked = m.shared_limits.find({body.kernel, device});
    const std::size_t limit =
        std::max(shared_without_asking, asked == m.shared_limits.end() ? 0 : asked->second);
    if (config.dynamicSmemBytes > limit) return cudaErrorInvalidValue;
    return check_shape(config.gridDim, config.blockDim);
}

// Whether the fault of the device strikes this launch; `code` is what the launch says then.
bool strikes(Device& device, cudaError_t& code) {
    if (!device.fault || --device.fault->launch > 0) return false;
    const LaunchFault fault = *std::exchange(device.fault, std::nullopt);
    if (fault.told == Told::by_launch) {
        code = fault.code;
        if (fault.sticky) device.broken = fault.code;
    } else {
        device.pending = fault.code;
        device.breaks = fault.sticky;
    }
    return true;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const Body& body) {
    bool runs = false;
    int device = 0;
    const cudaError_t code = api_call([&](Machine& m, int current) {
        device = current;
        ++m.devices[device].counters.launches;
        cudaError_t checked = check_launch(m, device, config, body);
        if (checked != cudaSuccess) return checked;
        // Behind a launch that failed unseen nothing runs any more.
        runs = !strikes(m.devices[device], checked) && m.devices[device].pending == cudaSuccess;
        return checked;
    });
    if (!runs) return code;
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    run_grid(config, body);
    const std::lock_guard machine_lock(machine().mutex);
    machine().devices[device].counters.blocks +=
        std::uint64_t{config.gridDim.x} * config.gridDim.y * config.gridDim.z;
    machine().check_guards();
    return cudaSuccess;
}

cudaError_t set_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
    return api_call([&](Machine& m, int device) {
        if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
        if (value < 0 || static_cast<std::size_t>(value) > shared_capacity)
            return cudaErrorInvalidValue;
        m.shared_limits[{kernel, device}] = static_cast<std::size_t>(value);
        return cudaSuccess;
    });
}

cudaError_t get_attributes(cudaFuncAttributes* attributes, const void* kernel) {
    return api_call([&](Machine& m, int device) {
        const auto asked = m.shared_limits.find({kernel, device});
        const DeviceModel& model = m.devices[device].model;
        *attributes = {};
        attributes->maxThreadsPerBlock = 1024;
        attributes->numRegs = 32;
        attributes->ptxVersion = attributes->binaryVersion = 10 * model.major + model.minor;
        attributes->maxDynamicSharedSizeBytes = static_cast<int>(
            asked == m.shared_limits.end() ? shared_without_asking : asked->second);
        return cudaSuccess;
    });
}

// By threads and shared memory alone; registers are not known here.
cudaError_t blocks_at_once(int* blocks, int threads, std::size_t shared_bytes) {
    return api_call([&](Machine&, int) {
        if (threads < 1 || threads > 1024) return cudaErrorInvalidValue;
        const std::size_t by_shared = (shared_capacity + 1024) / (shared_bytes + 1024);
        *blocks = static_cast<int>(
            std::min<std::size_t>({32, static_cast<std::size_t>(2048 / threads), by_shared}));
        return cudaSuccess;
    });
}

}  // namespace acim::emulation
