// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "host/stats/interval.hpp"

namespace acim {

// Two trials over the same images, compared image by image: much sharper than two accuracies,
// because what both get right or wrong cancels.
struct PairedDifference {
    std::uint64_t images = 0;
    std::uint64_t only_a = 0;  // images that only the first trial has right
    std::uint64_t only_b = 0;
    double difference = 0.0;  // accuracy of a minus accuracy of b [1]
    Interval interval;        // 95 %, Agresti and Min 2005 (half an image added to each cell)
    double p_value = 1.0;     // McNemar's exact two-sided test of equal accuracy
};

// Bits as in TrialResult::correct_bits: image k in bit k%8 of byte k/8. Both spans must hold at
// least ceil(images/8) bytes; bits past the last image are ignored.
PairedDifference paired_difference(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                   std::uint64_t images);

}  // namespace acim
