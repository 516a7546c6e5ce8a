// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "cuda/model/digital/metrics.hpp"
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

// Sums over outputs of one layer, on their way into LayerSums.
class OutputSums {
public:
    // One output; y in integer-product units.
    void add(std::int64_t exact, double y) {
        const auto [ideal, error] = digital::output_steps(exact, y);
        ++outputs_;
        y_ += ideal;
        e_ += error;
        ee_ += static_cast<Wide>(error) * error;
        yy_ += static_cast<Wide>(ideal) * ideal;
        ye_ += static_cast<Wide>(ideal) * error;
    }
    void add_to(LayerSums& sums) const;

private:
    __extension__ using Wide = __int128;

    std::uint64_t outputs_ = 0;
    Wide y_ = 0, e_ = 0, ee_ = 0, yy_ = 0, ye_ = 0;
};

// Adds one output to the sums of its layer; y and error in integer-product units.
inline void add_output(LayerSums& sums, std::int64_t exact, double y) {
    OutputSums one;
    one.add(exact, y);
    one.add_to(sums);
}

}  // namespace acim
