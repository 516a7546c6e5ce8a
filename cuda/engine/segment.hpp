// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/random/philox.hpp"

// What one launch works on. A batch holds many trials: a segment is a range of images of one work
// unit, a slot is one of its images. Slots of a segment follow each other.
namespace acim {

struct Slot {
    std::uint32_t segment = 0;  // in the batch
    std::uint32_t image = 0;    // in the evaluation set: part of random counters
    // Of its first position in the batch's correct bits; every segment starts at a word.
    std::uint32_t bit = 0;
};

// What an item, one position of one slot, is compared with.
struct ItemClasses {
    std::int32_t label = 0;
    std::int32_t reference = -1;  // top-1 of the noise-free quantised network
};

// Segment of a batch as kernels see it.
struct Segment {
    PhiloxKey key{};  // of its trial
    std::uint32_t first_slot = 0;
    std::uint32_t slots = 0;
    std::uint32_t first_image = 0;  // in the evaluation set; images follow each other
};

// What a segment counts, all integers: atomics add them in any order.
struct SegmentCounts {
    std::uint32_t correct = 0, agree = 0;
    unsigned long long cross_entropy = 0;  // [2^-32 nat]
};

}  // namespace acim
