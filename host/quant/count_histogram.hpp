// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/trial/layer_plan.hpp"

namespace acim {

// How often the conversions of one layer met each exact count. Integers, which add in any order.
struct CountHistogram {
    // Conversions that share a full scale and a law of noise.
    struct Part {
        int width = 1;          // of the cycle [bit]
        bool noisy = true;      // false: a hybrid level that ASiM rounds through the noise-free ADC
        std::int64_t span = 1;  // count of the full scale
        std::vector<std::uint64_t> conversions;  // by count, 0 .. span

        friend bool operator==(const Part&, const Part&) = default;
    };
    std::vector<Part> parts;  // in the order of the layer's cycles

    CountHistogram() = default;
    // Empty parts for the plan's conversions; those that no ADC takes part in have none.
    explicit CountHistogram(const LayerPlan& plan);

    std::uint64_t total() const;
    void add(const CountHistogram& other);  // of the same layer

    friend bool operator==(const CountHistogram&, const CountHistogram&) = default;
};

// One product's weights as columns of bits, so that a sum over 64 rows is one AND and one count of
// ones. Only sums are formed: no code, no noise.
class CountedWeights {
public:
    // weights: [outputs][depth], as ProductKernel::pack() takes them. The plan is one of
    // describe_layer(), bit-sliced, one conversion per column.
    CountedWeights(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights);

    // Adds every conversion of the product with inputs [pixels][depth].
    void count(const LayerPlan& plan, int pixels, std::span<const std::int16_t> inputs,
               CountHistogram& to) const;

private:
    std::size_t outputs_ = 0;
    std::vector<std::uint64_t> words_;  // [group][output][column][64 rows]
};

}  // namespace acim
