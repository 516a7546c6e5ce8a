// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/engine/simd_job.hpp"

namespace acim {

// Whether counts, codes, weights and sums of a row group fit the loops' lanes: 15 bits for values,
// 16 for weights, 31 for sums.
bool fits_lanes(const LayerPlan& plan);

// A layer of conversions, whatever the path.
SimdLayer pack_layer(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights,
                     const ProductSite& site, TableStore& tables);

// A layer on path product.
SimdLayer pack_product(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights);

// A layer on path events.
SimdLayer pack_events(const LayerPlan& plan, int outputs, std::span<const std::int8_t> weights);

// Inputs of one run in the layouts of the loops.
struct SimdInputs {
    std::vector<std::uint64_t> planes, centre;
    std::vector<std::int64_t> sums;
    std::vector<std::uint8_t> driven;

    // Fills what the layer needs from [pixels][depth] activations and points the job to it.
    void pack(const LayerPlan& plan, std::span<const std::int16_t> inputs, SimdJob& job);
};

}  // namespace acim
