// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The two tensor-core products that the engine uses, as one warp performs them; PTX ISA, "Matrix
// fragments for mma.m16n8k256" and "mma.m16n8k32". With g = lane/4 and t = lane%4 a lane holds of
//   A (16 rows): words of rows g, g+8, g, g+8;   B (8 columns): words of column g
//   C: {row g, columns 2t and 2t+1}, {row g+8, columns 2t and 2t+1}.
// Which part of the contraction a word stands for is the same in A and B, so callers may permute it.
namespace acim {

// c += popcount(a AND b) over 256 bits: 128 a lane in A, 64 in B.
#if defined(__CUDACC__)
__device__ __forceinline__ void mma_and_popc(std::int32_t (&c)[4], const std::uint32_t (&a)[4],
                                             std::uint32_t b0, std::uint32_t b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// c += a*b over 32 signed bytes, four to a word.
__device__ __forceinline__ void mma_s8(std::int32_t (&c)[4], const std::uint32_t (&a)[4],
                                       std::uint32_t b0, std::uint32_t b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#else  // without a GPU: the emulation of the tests
void mma_and_popc(std::int32_t (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                  std::uint32_t b1);
void mma_s8(std::int32_t (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1);
#endif

}  // namespace acim
