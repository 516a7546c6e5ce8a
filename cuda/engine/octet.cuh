// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/model/random/philox.hpp"

// Uniforms of an octet of conversions in the order of k, taken from the front, so that no register is
// indexed: what table_uniform() gives for k = 0, 1 .. 7.
namespace acim {

__device__ __forceinline__ std::uint32_t take_uniform(PhiloxWords& octet) {
    const std::uint32_t u = octet.w[0] & 0xFFFFu;
    octet.w[0] = octet.w[0] >> 16 | octet.w[1] << 16;
    octet.w[1] = octet.w[1] >> 16 | octet.w[2] << 16;
    octet.w[2] = octet.w[2] >> 16 | octet.w[3] << 16;
    octet.w[3] >>= 16;
    return u;
}

// Four of them, in the first two words of what is returned.
__device__ __forceinline__ PhiloxWords take_four(PhiloxWords& octet) {
    const PhiloxWords out = octet;
    octet.w[0] = octet.w[2];
    octet.w[1] = octet.w[3];
    return out;
}

}  // namespace acim
