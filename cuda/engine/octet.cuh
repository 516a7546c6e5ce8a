// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/model/random/philox.hpp"

namespace acim {

// table_uniform() for a k that is not known when the code is compiled: no register is indexed.
__device__ __forceinline__ std::uint32_t uniform_of(const PhiloxWords& call, std::uint32_t k) {
    const std::uint32_t low = (k & 2u) != 0 ? call.w[1] : call.w[0];
    const std::uint32_t high = (k & 2u) != 0 ? call.w[3] : call.w[2];
    return ((k & 4u) != 0 ? high : low) >> ((k & 1u) * 16) & 0xFFFFu;
}

}  // namespace acim
