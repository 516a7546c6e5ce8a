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

// Launches a kernel; a failure names it.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), const Grid& grid, cudaStream_t stream,
            Arguments&&... arguments) {
    constexpr std::size_t without_asking = 48 << 10;
    if (grid.shared_bytes > without_asking)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(grid.shared_bytes)),
              name);
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(grid.blocks, grid.blocks_y);
    config.blockDim = dim3(grid.threads);
    config.dynamicSmemBytes = grid.shared_bytes;
    config.stream = stream;
    check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name);
}

}  // namespace acim
