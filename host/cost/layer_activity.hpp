// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/trial/layer_plan.hpp"
#include "host/cost/layer_work.hpp"
#include "host/quant/activity_counts.hpp"

namespace acim {

// What the data let a layer do for one image, beside its counts of work. A cell is active by the
// product of its stored bit and its input's share of the largest drive.
struct LayerActivity {
    double cells = 0.0;       // active cells, all conversions
    double lines = 0.0;       // driven lines, by their share of the largest drive
    double input_ones = 0.0;  // ones in the binary inputs, over pixels and rows
    double input_sum = 0.0;   // of unsigned or offset-binary inputs, over pixels and rows
};

// Counted on real images.
LayerActivity counted_activity(const LayerWork& work, const LayerPlan& plan, bool is_signed,
                               const ActivityCounts& counts);

// As if every stored bit were 1 with probability `weights` and every input bit with `inputs`,
// independently.
LayerActivity assumed_activity(const LayerWork& work, const LayerPlan& plan, double weights,
                               double inputs);

}  // namespace acim
