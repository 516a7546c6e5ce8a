// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "cuda/trial/point_plan.hpp"
#include "host/cost/layer_cost.hpp"

namespace acim {

// Sums of a dozen terms of like size, formed in another order: some units in the last place.
inline void expect_close(double value, double reference) {
    EXPECT_NEAR(value, reference, 1e-12 * std::abs(reference));
}

inline Product linear(int depth, int outputs) {
    Product product;
    product.depth = depth;
    product.outputs = outputs;
    return product;
}

inline LayerSettings macro_with(int rows, int adc_bits) {
    LayerSettings settings;
    settings.macro.rows = rows;
    settings.macro.adc.bits = adc_bits;
    return settings;
}

// Round constants, each block on another scale, so that a term in the wrong block shows.
inline Technology round_technology() {
    Technology t;
    t.supply = t.reference_supply = 2.0;
    t.adc.linear_capacitance = 100e-15;
    t.adc.exponential_capacitance = 1e-18;
    t.adc.time_per_bit = 1e-9;
    t.adc.area = 100e-12;
    t.cell_capacitance = 2e-15;
    t.cell_area = 1e-12;
    t.row_capacitance = 1e-15;
    t.dac_capacitance = 50e-15;
    t.shift_add_energy = 1e-13;
    t.bit_mac_energy = 5e-15;
    t.bit_macs_per_second = 1e15;
    t.settle_time = 2e-9;
    return t;
}

// One pixel of the product, ones in half of all bits.
inline LayerCost cost_of(const Product& product, const LayerSettings& settings,
                         const Technology& technology = round_technology()) {
    const LayerPlan plan = describe_layer(settings, layer_shape(product));
    const LayerWork work = layer_work(product, 1, plan);
    return layer_cost(work, assumed_activity(work, plan, 0.5, 0.5), settings, technology);
}

}  // namespace acim
