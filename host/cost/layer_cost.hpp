// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "cuda/model/macro/params.hpp"
#include "host/cost/layer_work.hpp"
#include "host/cost/technology.hpp"

namespace acim {

// Energy of one inference (one image) by component [J]. Sums add over layers.
struct Energy {
    double adc = 0.0;      // conversions
    double array = 0.0;    // cells, input lines and input DACs
    double digital = 0.0;  // shift-adds, hybrid sums and digital layers

    double total() const { return adc + array + digital; }
    void add(const Energy& other) {
        adc += other.adc;
        array += other.array;
        digital += other.digital;
    }
};

// Cost of one layer, or of a network, for one inference.
struct Cost {
    Energy energy;                // [J]
    double operations = 0.0;      // 2 per multiply-accumulate, at the layer's native bits
    double bit_operations = 0.0;  // operations * weight bits * activation bits

    void add(const Cost& other) {
        energy.add(other.energy);
        operations += other.operations;
        bit_operations += other.bit_operations;
    }
    double tops_per_watt() const;      // native bits [1e12 operations / J]; NaN without energy
    double bit_tops_per_watt() const;  // normalised to 1 x 1 bit [1e12 operations / J]
};

// Energy of one image through one layer (docs/cost.md has each formula with its source).
Cost layer_cost(const LayerWork& work, const LayerSettings& settings, const Technology& technology);

// Cost of one image through a network whose MAC layers have these settings, one per MAC layer.
Cost network_cost(const QuantizedNetwork& network, std::span<const LayerSettings> settings,
                  const Technology& technology);

}  // namespace acim
