// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/model/host_device.hpp"

// From bytes of inputs to words of bit planes: octets of neighbouring lanes transpose 32 rows x 8 bits.
namespace acim {

inline constexpr int octet_lanes = 8;

// Lane l of an octet has the bytes of rows l, l+8, l+16 and l+24, from the lowest; it gets bit l of all
// 32 rows, row r in bit r. An index of a bit is (byte, bit of the byte), of which the second swaps with
// the lane, one binary digit after the other. All lanes of the warp take part.
__device__ __forceinline__ std::uint32_t transpose_octet(std::uint32_t bytes, int lane) {
    constexpr std::uint32_t lower_halves[] = {0x55555555u, 0x33333333u, 0x0F0F0F0Fu};
#pragma unroll
    for (int digit = 0; digit < 3; ++digit) {
        const int distance = 1 << digit;
        const bool upper = (lane & distance) != 0;
        const std::uint32_t other = __shfl_xor_sync(~0u, bytes, distance);
        // What comes moves up in lower lanes and down in upper ones; what turns round is masked out.
        const int turn = upper ? 32 - distance : distance;
        const std::uint32_t moved = other << turn | other >> (32 - turn);
        const std::uint32_t kept = upper ? ~lower_halves[digit] : lower_halves[digit];
        bytes = (bytes & kept) | (moved & ~kept);
    }
    return bytes;
}

// Bit r of what it returns is the bit of row r, where every lane has those of its four rows as lowest
// bits of bytes; the same in all lanes of an octet.
__device__ __forceinline__ std::uint32_t gather_octet(std::uint32_t lowest_bits, int lane) {
    std::uint32_t word = lowest_bits << (lane & (octet_lanes - 1));
#pragma unroll
    for (int distance = 1; distance < octet_lanes; distance *= 2)
        word |= __shfl_xor_sync(~0u, word, distance);
    return word;
}

}  // namespace acim
