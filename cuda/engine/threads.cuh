// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

// Place of a thread in a launch along x, for kernels that stride over their items.
namespace acim {

__device__ __forceinline__ std::int64_t thread_index() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t thread_count() {
    return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

// Number of a thread in its warp, where blocks are whole warps along x.
__device__ __forceinline__ int lane_index() { return static_cast<int>(threadIdx.x % 32); }

// n / d and n % d. A division of 64 bits costs about a hundred instructions, one of 32 bits twenty, and
// nearly every index fits.
struct Quotient {
    std::int64_t quotient;
    int remainder;

    __device__ __forceinline__ Quotient(std::int64_t n, int d) {
        if ((n >> 32) == 0) {
            const auto small = static_cast<std::uint32_t>(n), by = static_cast<std::uint32_t>(d);
            quotient = small / by;
            remainder = static_cast<int>(small % by);
        } else {
            quotient = n / d;
            remainder = static_cast<int>(n % d);
        }
    }
};

}  // namespace acim
