// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/trial/layer_plan.hpp"

namespace acim {

// How active the cells and inputs of one layer are: what their energy depends on. Integers, which
// add in any order; row groups, cycles and votes make no difference to them.
struct ActivityCounts {
    std::uint64_t images = 0;
    // [column * activation_bits + bit]: cells whose stored bit and whose input's bit are both 1,
    // over outputs, pixels and rows.
    std::vector<std::uint64_t> both_ones;
    std::vector<std::uint64_t> input_ones;  // [bit]: inputs with that bit, over pixels and rows

    ActivityCounts() = default;
    explicit ActivityCounts(const LayerPlan& plan);
    void add(const ActivityCounts& other);  // of the same layer
    friend bool operator==(const ActivityCounts&, const ActivityCounts&) = default;
};

// One product's weights as counts of stored ones per column and row: with the counts of input ones
// per row they give the coincidences of all outputs and pixels in one sum over the rows.
class StoredOnes {
public:
    // weights: [outputs][depth], as ProductKernel::pack() takes them.
    StoredOnes(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights);

    // Adds the product with inputs [pixels][depth], two's complement in activation_bits.
    void count(const LayerPlan& plan, int pixels, std::span<const std::int16_t> inputs,
               ActivityCounts& to) const;

private:
    std::vector<std::uint32_t> ones_;  // [column][row]
};

}  // namespace acim
