// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "cuda/trial/work.hpp"

// What one image contributes to a trial's result; integers only (SPEC section 9).
namespace acim {

// Index of the largest logit, the lowest index on ties; NaN never wins (all NaN: index 0).
int top1(std::span<const float> logits);

// -ln softmax(logits)[label] in steps of 2^-32 nat, from fixed-order arithmetic: the sum of
// exponentials is taken in steps of 2^-40. At most 2^41 steps (512 nat).
std::int64_t cross_entropy_steps(std::span<const float> logits, int label);

// What a network without noise reaches on a set of items.
struct Score {
    std::uint64_t correct = 0;       // items, top-1
    std::int64_t cross_entropy = 0;  // sum over items of the loss [2^-32 nat]

    void add(const Score& other) {
        correct += other.correct;
        cross_entropy += other.cross_entropy;
    }
    // Adds one item.
    void add(std::span<const float> logits, int label);
    // Mean over so many items [nat].
    double mean_loss(double items) const {
        return static_cast<double>(cross_entropy) / 4294967296.0 / items;
    }
};

// Adds one output to the sums of its layer; y and error in integer-product units.
void add_output(LayerSums& sums, std::int64_t exact, double y);

}  // namespace acim
