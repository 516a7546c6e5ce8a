// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "cuda/model/macro/params.hpp"
#include "host/cost/layer_activity.hpp"
#include "host/cost/layer_work.hpp"
#include "host/sweep/technology.hpp"

namespace acim {

// Energy of one inference (one image) by block [J]. Sums add over layers.
struct Energy {
    double cells = 0.0;    // cells and columns
    double drivers = 0.0;  // input lines and their DACs
    double adc = 0.0;      // conversions, in time too
    double digital = 0.0;  // shift-adds, votes, hybrid sums and digital layers
    double memory = 0.0;   // buffers of inputs and outputs
    double control = 0.0;  // clocks and timing of the arrays

    double total() const { return cells + drivers + adc + digital + memory + control; }
    void add(const Energy& other);
};

// The blocks by name, in the order of the members: what stores and reports name them.
inline constexpr std::array<std::string_view, 6> energy_blocks = {"cells",   "drivers", "adc",
                                                                  "digital", "memory",  "control"};
std::array<double, 6> block_energies(const Energy& energy);

// Cost of one layer for one inference.
struct LayerCost {
    Energy energy;                // [J]
    double latency = 0.0;         // [s]
    double operations = 0.0;      // 2 per multiply-accumulate, at the layer's native bits
    double bit_operations = 0.0;  // operations * weight bits * activation bits
    double arrays = 0.0;          // that it occupies, unless it shares some
    int shared_arrays = 0;        // that it shares with others; 0: it has its own
    double array_area = 0.0;      // [m2] of one; NaN where the technology has no area
};

// Cost of a network for one inference, its layers one after the other.
struct Cost {
    Energy energy;
    double latency = 0.0;  // [s]
    double operations = 0.0;
    double bit_operations = 0.0;
    double area = 0.0;  // [m2] of all arrays; NaN where one is unknown

    double tops() const;               // [1e12 operations / s]; NaN without a time
    double tops_per_watt() const;      // native bits [1e12 operations / J]; NaN without energy
    double bit_tops_per_watt() const;  // normalised to 1 x 1 bit [1e12 operations / J]
    double tops_per_mm2() const;       // [1e12 operations / s / mm2]; NaN without time or area
};

// Cost of one image through one layer (docs/cost.md has each formula with its source).
LayerCost layer_cost(const LayerWork& work, const LayerActivity& activity,
                     const LayerSettings& settings, const Technology& technology);

// The sum over layers. Layers that name the same number of shared arrays share the same ones, as
// large as the largest needs.
Cost total_cost(std::span<const LayerCost> layers);

}  // namespace acim
