// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stands in for the CUDA Toolkit's header of this name where cuda/engine is compiled as plain C++:
// the part of CUDA that the engine uses, run by the emulation of this folder.
#include <cmath>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__  // dynamic shared memory is acim::acim_shared, see block.cpp
#define __grid_constant__
#define __forceinline__ inline
#define __noinline__  // also inside of __attribute__((__noinline__)), which stays valid
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

#include "tests/cuda_emulation/collectives.hpp"
#include "tests/cuda_emulation/intrinsics.hpp"
#include "tests/cuda_emulation/runtime_api.hpp"
#include "tests/cuda_emulation/vector_types.hpp"
