// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include "cuda/engine/cuda_engine.hpp"
#include "cuda/engine/integer_product.hpp"

namespace acim {
namespace {

constexpr int least_major = 8;  // one-bit tensor-core products

std::string version_text(int version) {
    return version == 0
               ? ""
               : std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

CudaDevice describe(int index) {
    cudaDeviceProp p{};
    CudaDevice device;
    device.index = index;
    if (cudaGetDeviceProperties(&p, index) != cudaSuccess) return device;
    device.name = p.name;
    device.major = p.major;
    device.minor = p.minor;
    device.processors = p.multiProcessorCount;
    device.memory = p.totalGlobalMem;
    device.shared_memory = p.sharedMemPerBlockOptin;
    int kilohertz = 0;
    if (cudaDeviceGetAttribute(&kilohertz, cudaDevAttrClockRate, index) == cudaSuccess)
        device.clock = kilohertz * 1e3;
    int bits = 0;
    if (cudaDeviceGetAttribute(&kilohertz, cudaDevAttrMemoryClockRate, index) == cudaSuccess &&
        cudaDeviceGetAttribute(&bits, cudaDevAttrGlobalMemoryBusWidth, index) == cudaSuccess)
        device.bandwidth = 2.0 * kilohertz * 1e3 * bits / 8.0;  // both edges of the clock
    return device;
}

}  // namespace

CudaStatus cuda_status() {
    CudaStatus status;
    status.compiled = true;
    int version = 0;
    if (cudaRuntimeGetVersion(&version) == cudaSuccess) status.runtime = version_text(version);
    version = 0;
    if (cudaDriverGetVersion(&version) == cudaSuccess) status.driver = version_text(version);
    int count = 0;
    const cudaError_t found = cudaGetDeviceCount(&count);
    static_cast<void>(cudaGetLastError());
    if (found != cudaSuccess || count == 0) {
        status.missing =
            status.driver.empty()
                ? "CUDA finds no NVIDIA driver: install one for your GPU, or use --engine cpu"
                : "no CUDA device can be used (" +
                      std::string(found == cudaSuccess ? "none is visible"
                                                       : cudaGetErrorString(found)) +
                      "): look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use "
                      "--engine cpu";
        return status;
    }
    for (int i = 0; i < count; ++i) {
        CudaDevice device = describe(i);
        if (device.major >= least_major) status.devices.push_back(std::move(device));
    }
    if (status.devices.empty())
        status.missing =
            "every CUDA device here is older than compute capability 8.0, which the engine needs; "
            "use --engine cpu";
    else
        status.product_library = integer_product_name();
    return status;
}

}  // namespace acim
