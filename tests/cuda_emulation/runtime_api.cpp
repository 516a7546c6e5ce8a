// SPDX-License-Identifier: Apache-2.0
// Devices, memory and copies of the runtime API.
#include "tests/cuda_emulation/runtime_api.hpp"

#include <cstdio>
#include <cstring>

#include "tests/cuda_emulation/api_call.hpp"
#include "tests/cuda_emulation/block.hpp"
#include "tests/cuda_emulation/meeting.hpp"

namespace acim::emulation {
namespace {

using Side = Machine::Side;

constexpr int version = 13000;
thread_local int chosen_device = 0;
thread_local cudaError_t last_error = cudaSuccess;

struct Description {
    cudaError_t code;
    const char* name;
    const char* text;
};
constexpr Description descriptions[] = {
    {cudaSuccess, "cudaSuccess", "no failure"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "an argument has no valid value"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "not enough memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialisation failed"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "no valid grid or block"},
    {cudaErrorInvalidPitchValue, "cudaErrorInvalidPitchValue", "pitch below width"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "the driver is too old"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "there is no device"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "no device has this number"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "memory lost bits"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "no such stream or event"},
    {cudaErrorNotReady, "cudaErrorNotReady", "not finished"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "a kernel used an invalid address"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources", "too large for the device"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "a kernel ran for too long"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "a kernel failed"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown failure"},
};

const Description& description_of(cudaError_t code) {
    for (const Description& one : descriptions)
        if (one.code == code) return one;
    return descriptions[std::size(descriptions) - 1];
}

Side source_of(cudaMemcpyKind kind) {
    if (kind == cudaMemcpyDefault) return Side::any;
    return kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice ? Side::device
                                                                              : Side::host;
}

Side target_of(cudaMemcpyKind kind) {
    if (kind == cudaMemcpyDefault) return Side::any;
    return kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice ? Side::device
                                                                              : Side::host;
}

cudaError_t copy(Machine& m, const char* call, void* to, const void* from, std::size_t bytes,
                 cudaMemcpyKind kind) {
    m.check_range(call, to, bytes, target_of(kind));
    m.check_range(call, from, bytes, source_of(kind));
    if (bytes > 0) std::memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t allocate(void** memory, std::size_t bytes, bool pinned) {
    return api_call([&](Machine& m, int device) {
        if (memory == nullptr) return cudaErrorInvalidValue;
        *memory = nullptr;
        if (bytes == 0) return cudaSuccess;
        *memory = m.allocate(bytes, pinned ? pinned_host : device);
        return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
    });
}

// Also on a device that no longer works, so that leaks can be told from failures.
cudaError_t release(void* memory, bool pinned) {
    if (memory != nullptr) {
        const std::lock_guard lock(machine().mutex);
        machine().free(memory, pinned);
    }
    return api_call([](Machine&, int) { return cudaSuccess; });
}

cudaError_t fill(const char* call, void* memory, int byte, std::size_t bytes) {
    return api_call([&](Machine& m, int) {
        m.check_range(call, memory, bytes, Side::device);
        if (bytes > 0) std::memset(memory, byte, bytes);
        return cudaSuccess;
    });
}

}  // namespace

int current_device() {
    return chosen_device < static_cast<int>(machine().devices.size()) ? chosen_device : 0;
}

cudaError_t record(cudaError_t code) {
    if (code != cudaSuccess) last_error = code;
    return code;
}

}  // namespace acim::emulation

using namespace acim::emulation;

const char* cudaGetErrorString(cudaError_t code) { return description_of(code).text; }
const char* cudaGetErrorName(cudaError_t code) { return description_of(code).name; }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }

cudaError_t cudaRuntimeGetVersion(int* v) {
    *v = version;
    return cudaSuccess;
}

// CUDA gives 0 where no driver is installed.
cudaError_t cudaDriverGetVersion(int* v) {
    const std::lock_guard lock(machine().mutex);
    *v = machine().driver_failure == cudaSuccess ? version : 0;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
    const std::lock_guard lock(machine().mutex);
    *count = 0;
    if (machine().driver_failure != cudaSuccess) return record(machine().driver_failure);
    *count = static_cast<int>(machine().devices.size());
    return record(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaGetDevice(int* device) {
    return api_call([&](Machine&, int current) {
        *device = current;
        return cudaSuccess;
    });
}

cudaError_t cudaSetDevice(int device) {
    const std::lock_guard lock(machine().mutex);
    if (machine().driver_failure != cudaSuccess) return record(machine().driver_failure);
    if (device < 0 || device >= static_cast<int>(machine().devices.size()))
        return record(cudaErrorInvalidDevice);
    chosen_device = device;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
    const std::lock_guard lock(machine().mutex);
    if (machine().driver_failure != cudaSuccess) return record(machine().driver_failure);
    if (device < 0 || device >= static_cast<int>(machine().devices.size()))
        return record(cudaErrorInvalidDevice);
    const DeviceModel& model = machine().devices[device].model;
    *p = {};
    std::snprintf(p->name, sizeof p->name, "emulated device %d", device);
    p->totalGlobalMem = model.memory;
    p->sharedMemPerBlock = 48 << 10;
    p->sharedMemPerBlockOptin = shared_capacity;
    p->sharedMemPerMultiprocessor = shared_capacity + 1024;
    p->regsPerBlock = p->regsPerMultiprocessor = 65536;
    p->warpSize = 32;
    p->maxThreadsPerBlock = p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
    p->maxThreadsDim[2] = 64;
    p->maxGridSize[0] = 2147483647;
    p->maxGridSize[1] = p->maxGridSize[2] = 65535;
    p->major = model.major;
    p->minor = model.minor;
    p->multiProcessorCount = model.processors;
    p->l2CacheSize = 50 << 20;
    p->maxThreadsPerMultiProcessor = 2048;
    p->maxBlocksPerMultiProcessor = 32;
    p->concurrentKernels = 1;
    p->asyncEngineCount = 3;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    cudaDeviceProp p;
    if (const cudaError_t code = cudaGetDeviceProperties(&p, device); code != cudaSuccess)
        return code;
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock:
            *value = p.maxThreadsPerBlock;
            break;
        case cudaDevAttrMaxSharedMemoryPerBlock:
            *value = static_cast<int>(p.sharedMemPerBlock);
            break;
        case cudaDevAttrWarpSize:
            *value = p.warpSize;
            break;
        case cudaDevAttrClockRate:
            *value = 1'000'000;
            break;
        case cudaDevAttrMultiProcessorCount:
            *value = p.multiProcessorCount;
            break;
        case cudaDevAttrMemoryClockRate:
            *value = 2'000'000;
            break;
        case cudaDevAttrGlobalMemoryBusWidth:
            *value = 1024;
            break;
        case cudaDevAttrL2CacheSize:
            *value = p.l2CacheSize;
            break;
        case cudaDevAttrMaxThreadsPerMultiProcessor:
            *value = p.maxThreadsPerMultiProcessor;
            break;
        case cudaDevAttrComputeCapabilityMajor:
            *value = p.major;
            break;
        case cudaDevAttrComputeCapabilityMinor:
            *value = p.minor;
            break;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
            *value = static_cast<int>(p.sharedMemPerMultiprocessor);
            break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin:
            *value = static_cast<int>(p.sharedMemPerBlockOptin);
            break;
        default:
            return record(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
    return api_call([](Machine& m, int device) { return wait_for(m.devices[device]); });
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) { return allocate(memory, bytes, false); }
cudaError_t cudaFree(void* memory) { return release(memory, false); }
cudaError_t cudaMallocHost(void** memory, std::size_t bytes, unsigned) {
    return allocate(memory, bytes, true);
}
cudaError_t cudaFreeHost(void* memory) { return release(memory, true); }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    return api_call([&](Machine& m, int device) {
        *total = m.devices[device].model.memory;
        *free = *total - m.devices[device].counters.bytes;
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    return api_call([&](Machine& m, int device) {
        const cudaError_t earlier = wait_for(m.devices[device]);
        return earlier != cudaSuccess ? earlier : copy(m, "cudaMemcpy", to, from, bytes, kind);
    });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
    return api_call([&](Machine& m, int) {
        if (!m.has(stream)) return cudaErrorInvalidResourceHandle;
        return copy(m, "cudaMemcpyAsync", to, from, bytes, kind);
    });
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t height,
                              cudaMemcpyKind kind, cudaStream_t stream) {
    return api_call([&](Machine& m, int) {
        if (!m.has(stream)) return cudaErrorInvalidResourceHandle;
        if (width > to_pitch || width > from_pitch) return cudaErrorInvalidPitchValue;
        for (std::size_t row = 0; row < height; ++row)
            copy(m, "cudaMemcpy2DAsync", static_cast<std::byte*>(to) + row * to_pitch,
                 static_cast<const std::byte*>(from) + row * from_pitch, width, kind);
        return cudaSuccess;
    });
}

cudaError_t cudaMemset(void* memory, int byte, std::size_t bytes) {
    return fill("cudaMemset", memory, byte, bytes);
}

cudaError_t cudaMemsetAsync(void* memory, int byte, std::size_t bytes, cudaStream_t) {
    return fill("cudaMemsetAsync", memory, byte, bytes);
}
