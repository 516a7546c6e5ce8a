// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/macro/params.hpp"
#include "cuda/trial/layer_plan.hpp"
#include "cuda/trial/network.hpp"

namespace acim {

// What one MAC layer does for one image. The macro's counts are 0 for a layer that is not analog.
struct LayerWork {
    std::uint64_t outputs = 0;  // M: output columns, all groups together
    std::uint64_t pixels = 0;   // P: output positions; for a linear layer the rows of its input
    std::uint64_t depth = 0;    // K: contraction length of one group
    std::uint64_t groups = 1;   // convolution groups: an input drives its own group's columns only
    std::uint64_t macs = 0;     // multiply-accumulates: M * P * K
    std::uint64_t columns = 0;  // of one output
    std::uint64_t row_groups = 0;           // pieces that K is cut into
    std::uint64_t conversions = 0;          // ADC conversions
    std::uint64_t extra_votes = 0;          // of them, those after the first of a vote
    std::uint64_t digital_conversions = 0;  // conversions replaced by exact digital sums (hybrid)
    std::uint64_t column_evaluations = 0;   // columns that share charge, all conversions
    std::uint64_t cell_operations = 0;   // cells that take part in an analog sum, all conversions
    std::uint64_t row_drives = 0;        // input lines driven, over pixels and cycles
    std::uint64_t dac_drives = 0;        // of them, those in cycles of two and more bits
    std::uint64_t dac_bits = 0;          // bits of those
    std::uint64_t digital_bit_macs = 0;  // 1 x 1 bit multiply-accumulates done digitally

    // Where it is placed (SPEC section 4, physical place).
    std::uint64_t tiles = 0;        // arrays, unless they are shared
    std::uint64_t group_tiles = 0;  // that each group's inputs are driven through, over the groups
    std::uint64_t evaluations = 0;  // of all arrays together
    std::uint64_t rounds = 0;       // evaluations of an array one after the other

    // Arrays that an input is driven through, on average.
    double across() const { return static_cast<double>(group_tiles) / static_cast<double>(groups); }
};

// Counts the work of a layer that gives `pixels` output positions. Votes are whole conversions:
// rows are driven and columns share charge again.
LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerPlan& plan);

// The same from the settings; InputError where they do not fit the layer.
LayerWork layer_work(const Product& product, std::uint64_t pixels, const LayerSettings& settings);

// Times that a cycle is driven: as often as its most voted conversion is taken, 0 if none is analog.
int cycle_drives(const LayerPlan& plan, int cycle);

}  // namespace acim
