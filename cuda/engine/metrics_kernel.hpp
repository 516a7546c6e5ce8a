// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/segment.hpp"

namespace acim {

// Adds `count` slots to what their segments count (cuda/trial/metrics.hpp). logits:
// [count][classes]. A slot whose top-1 is its label sets its bit of `correct_bits`, bit k%32 of
// word k/32; bits and counts start at zero.
void launch_metrics(const float* logits, int classes, const Slot* slots, std::uint32_t count,
                    std::uint32_t* correct_bits, SegmentCounts* counts, cudaStream_t stream);

}  // namespace acim
