// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/quant/adc_window.hpp"
#include "host/run/layer_operands.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

struct SingleLayerOptions {
    bool conversions = false;  // keep s and code of every conversion
    int threads = 0;           // 0 takes every core; the result does not depend on it
};

// What `acimsweep mac` computes. Every array starts with the trials: chip after chip, each with all
// its repeats.
struct SingleLayerResult {
    std::uint32_t trials = 1;
    SamplingPath path = SamplingPath::product;
    std::optional<AdcWindow> adc_window;  // where it was calibrated on the operands
    int groups = 0, planes = 0, cycles = 0;
    std::vector<double> y;                      // [trials][images][output] in integer products
    std::vector<std::int64_t> analog, digital;  // A and D, [trials][images][output]
    // [trials][images][output][group][plane][cycle]; code is `absent` where no ADC took part
    std::vector<std::int32_t> s, code;
    std::int32_t absent = -1;
};

// Results above this size are refused before anything is computed [byte].
inline constexpr std::int64_t max_layer_result_bytes = std::int64_t{2} << 30;

// One layer on one macro: trial t is (chip t div repeats, repeat t mod repeats) of layer 0, image b
// the index of the leading axis. Throws InputError, naming the macro's file, for settings that do not fit the
// layer, noise without a seed, and results above the limit.
SingleLayerResult run_single_layer(const LayerOperands& operands, const MacFile& macro,
                                   const SingleLayerOptions& options = {});

}  // namespace acim
