// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/segment.hpp"

namespace acim {

// Items of a batch and the logits that they were given.
struct ClassifiedItems {
    const float* logits = nullptr;       // [slots][positions][classes]
    const ItemClasses* items = nullptr;  // [slots][positions]
    const Slot* slots = nullptr;
    std::uint32_t count = 0;  // slots
    int positions = 1;        // of a slot
    int classes = 0;
};

// Adds all items to what their segments count (cuda/trial/metrics.hpp). An item whose top-1 is its
// label sets its bit of `correct_bits`, bit k%32 of word k/32; bits and counts start at zero.
// `predictions` [slots][positions] takes the top-1 of each; null where nobody wants them.
void launch_metrics(const ClassifiedItems& batch, std::uint32_t* correct_bits,
                    SegmentCounts* counts, std::uint16_t* predictions, cudaStream_t stream);

}  // namespace acim
