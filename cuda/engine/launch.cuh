// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/engine/runtime.hpp"

namespace acim {

// Shape of a launch.
struct Grid {
    unsigned blocks = 1;    // along x
    unsigned blocks_y = 1;  // at most 65535
    unsigned threads = 256;
    std::size_t shared_bytes = 0;
};

// Blocks that cover n items, `per_block` each, at most `limit`: kernels stride over the rest.
inline unsigned blocks_for(std::int64_t n, int per_block, std::int64_t limit = 1 << 16) {
    const std::int64_t blocks = (n + per_block - 1) / per_block;
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks < limit ? blocks : limit);
}

// Lets a kernel have more dynamic shared memory than it has without asking. The limit belongs to the
// kernel on a device and lanes launch at once, so it is always set to all that the device gives: to
// set what one launch takes could cut it from under another. Kernels that ask have no static one.
template <class Kernel>
void allow_shared_memory(const char* name, Kernel kernel) {
    int device = 0, most = 0;
    check(cudaGetDevice(&device), name);
    check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), name);
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most), name);
}

// Launches a kernel; a failure names it.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), const Grid& grid, cudaStream_t stream,
            Arguments&&... arguments) {
    constexpr std::size_t without_asking = 48 << 10;
    if (grid.shared_bytes > without_asking) allow_shared_memory(name, kernel);
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(grid.blocks, grid.blocks_y);
    config.blockDim = dim3(grid.threads);
    config.dynamicSmemBytes = grid.shared_bytes;
    config.stream = stream;
    check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name);
}

}  // namespace acim
