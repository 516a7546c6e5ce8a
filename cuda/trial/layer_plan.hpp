// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/cycles.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/recombination.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/trial/cycle_law.hpp"
#include "cuda/trial/event_law.hpp"

namespace acim {

// What a layer looks like to the macro.
struct LayerShape {
    int outputs = 0;         // M, of one convolution group
    int depth = 0;           // K
    int window = 1;          // kh*kw, 1 for linear layers
    bool is_signed = false;  // activations
};

// One conversion of an output and row group: k = plane*cycles + cycle; a plane is a column of the
// layout. Weight-parallel conversion has one plane, the sum of all.
struct ConversionPlan {
    int plane = 0, cycle = 0;
    bool through_adc = true;  // else digital: the exact count into D
    bool noisy = true;        // else rounded without noise (ASiM's hybrid)
    std::int64_t weight = 0;  // of the code in A, or of the count in D
    int votes = 1;            // codes that are drawn and combined
    int taken = 1;            // conversions that this costs: the votes, drawn or not

    ACIM_HD bool is_noisy() const { return through_adc && noisy; }
};

// How one MAC layer is computed, everything decided: shared by all engines.
struct LayerPlan {
    bool analog = true;
    SamplingPath path = SamplingPath::product;
    bool random = false;    // some conversion draws noise
    bool per_chip = false;  // two chips differ
    bool channels = false;  // positions come from columns and ADCs one by one, not from the sum
    int weight_bits = 8, activation_bits = 8;
    MacroParams macro;  // as set, with constants of a measured chip filled in
    CycleLayout cycles;
    ColumnLayout columns;
    ColumnTerms terms;
    int rows = 0;                             // N
    int group_rows = 0;                       // rows that a full group really uses
    int groups = 0;                           // row groups
    int depth = 0;                            // K
    std::vector<ConversionPlan> conversions;  // plane-major, `planes * cycles`
    std::array<std::shared_ptr<const CycleLaw>, max_cycles> law;  // per cycle, on `path`
    std::array<std::shared_ptr<const CycleLaw>, max_cycles>
        rounding;                            // per cycle, noise-free codes
    std::shared_ptr<const EventLaw> events;  // on path events
    OutputScale output;
    std::int64_t input_correction = 0;  // of the sum of an output's inputs, into D
    std::int64_t product_to_codes_num = 1, product_to_codes_den = 1;  // A = product*num/den

    // Some cycle drives its rows by DACs.
    bool drives_dacs() const {
        for (int j = 0; j < cycles.count; ++j)
            if (cycles.width[j] > 1) return true;
        return false;
    }
    // What a digital conversion adds, in units of output.digital_unit.
    std::int64_t digital_count(std::int64_t s, std::int64_t x) const {
        return macro.weight_encoding == WeightEncoding::xnor ? 2 * s - x : s;
    }
    // What the ADC of a column sees at sum s with the inputs of a cycle adding up to x.
    std::int64_t count(int cycle, std::int64_t s, std::int64_t x) const {
        return column_count(macro.weight_encoding, s, x, full_scale(rows, cycles.width[cycle]));
    }
    int converted = 0;  // ADC conversions per output and row group, votes included
    std::int64_t adc_conversions(std::int64_t outputs) const {
        return analog ? outputs * groups * converted : 0;
    }
};

// The plan without its tables: what is known before anything runs. Throws std::invalid_argument
// with a sentence about the setting that does not fit this layer.
LayerPlan describe_layer(const LayerSettings& settings, const LayerShape& shape);

// The whole plan. Throws as describe_layer().
LayerPlan make_layer_plan(const LayerSettings& settings, const LayerShape& shape,
                          CycleLawCache& cache);

}  // namespace acim
