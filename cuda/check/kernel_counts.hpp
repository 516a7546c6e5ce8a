// SPDX-License-Identifier: Apache-2.0
#pragma once

// Instructions of the hot loops, once around for a warp, as scripts/sass-counts counts them: `fma`
// holds `imad`, NOPs and rare work are left out. Written by scripts/kernel-counts: run it where
// tests/python/test_kernel_counts.py finds another count.
namespace acim {

struct KernelCounts {
    const char* kernel;
    int capability;  // 90: machine code for 9.0
    int conversions;
    int issue, alu, imad, fma, xu, fp64, shared;
};

// nvcc 13.0.88, -O3 --std=c++20 --fmad=false --ftz=false --prec-div=true --prec-sqrt=true
inline constexpr KernelCounts kernel_counts[] = {
    {"bytes", 80, 1024, 500, 319, 130, 130, 0, 0, 32},
    {"bytes", 90, 1024, 503, 288, 171, 171, 0, 0, 32},
    {"thresholds", 80, 1024, 1019, 728, 272, 272, 0, 0, 0},
    {"thresholds", 90, 1024, 428, 299, 117, 117, 0, 0, 0},
};

}  // namespace acim
