// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "cuda/engine/mma.cuh"

namespace acim {

// Bits of `sets` times four pixels in one block of 256 rows, as fragments of the products' columns:
// column 2t+h of product `pair` of set q is bit 2*pair+h of pixel 4q+t. So a lane gets all bits of
// its own pixel t of each set.
template <int pairs, int sets>
struct InputFragments {
    std::uint32_t b[sets][pairs][2] = {};

    // `pixel[q]` points at the planes of the lane's pixel of set q, at its words of the block.
    __device__ __forceinline__ void load(const std::uint32_t* const (&pixel)[sets], int bits,
                                         int words, int lane) {
#pragma unroll
        for (int q = 0; q < sets; ++q) {
#pragma unroll
            for (int pair = 0; pair < pairs; ++pair) {
                const int bit = 2 * pair + ((lane >> 2) & 1);
                uint2 both{0, 0};
                if (bit < bits)
                    both = __ldg(reinterpret_cast<const uint2*>(pixel[q] + bit * words));
                b[q][pair][0] = both.x;
                b[q][pair][1] = both.y;
            }
        }
    }

    // Adds the block's ones in common with a column of 16 outputs.
    __device__ __forceinline__ void multiply(std::int32_t (&c)[sets][pairs][4],
                                             const uint4& w) const {
        const std::uint32_t a[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
        for (int q = 0; q < sets; ++q)
#pragma unroll
            for (int pair = 0; pair < pairs; ++pair)
                mma_and_popc(c[q][pair], a, b[q][pair][0], b[q][pair][1]);
    }
};

}  // namespace acim
