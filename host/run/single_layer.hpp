// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/run/layer_operands.hpp"
#include "host/sweep/spec.hpp"

namespace acim {

struct SingleLayerOptions {
    bool conversions = false;  // keep s and code of every conversion
    int threads = 0;           // 0 takes every core; the result does not depend on it
};

// What `acimsweep mac` computes. Every array starts with the repeats.
struct SingleLayerResult {
    std::uint32_t repeats = 1;
    SamplingPath path = SamplingPath::product;
    int groups = 0, planes = 0, cycles = 0;
    std::vector<double> y;                      // [repeats][images][output] in integer products
    std::vector<std::int64_t> analog, digital;  // A and D, [repeats][images][output]
    // [repeats][images][output][group][plane][cycle]; code is -1 where no ADC took part
    std::vector<std::int32_t> s, code;
};

// Results above this size are refused before anything is computed [byte].
inline constexpr std::int64_t max_layer_result_bytes = std::int64_t{2} << 30;

// One layer on one macro: repeat r is the trial (chip 0, repeat r) of layer 0, image b the index of
// the leading axis. Throws InputError, naming the macro's file, for settings that do not fit the
// layer, noise without a seed, and results above the limit.
SingleLayerResult run_single_layer(const LayerOperands& operands, const MacFile& macro,
                                   const SingleLayerOptions& options = {});

}  // namespace acim
