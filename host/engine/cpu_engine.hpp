// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cuda/trial/engine.hpp"

namespace acim {

// All cores of one machine, vector loops chosen at run time. threads = 0 takes every core.
std::unique_ptr<TrialEngine> make_cpu_engine(int threads = 0);

// "AVX3_DL (compiled: AVX3_DL, AVX2, SSE4)"
std::string simd_description();

}  // namespace acim
