// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/model/macro/params.hpp"
#include "host/quant/count_histogram.hpp"

namespace acim {

// What the codes of one layer's ADC span.
struct AdcWindow {
    std::int32_t lo = 0;      // [2^-16 FS]
    std::int32_t hi = 65536;  // [2^-16 FS]

    friend bool operator==(const AdcWindow&, const AdcWindow&) = default;
};

// The window of this layer must be calibrated before the layer can be planned.
inline bool is_calibrated(const LayerSettings& settings) {
    return settings.analog && (settings.macro.adc.range == AdcRange::percentile ||
                               settings.macro.adc.range == AdcRange::csnr);
}

// The settings with their window found; the whole span is the range `full` in other words.
LayerSettings with_window(LayerSettings settings, AdcWindow window);

// The settings with some window in place of one that must be calibrated, so that everything else
// about the layer can be checked or counted.
LayerSettings with_any_window(LayerSettings settings);

// Window from 0 to the nearest rank of count/span over all conversions, rounded up to a step.
// Conversions of different full scales are joined in units of their own. Whole without conversions.
AdcWindow percentile_window(const CountHistogram& histogram, double percentile);

// Steps of one full scale in which csnr_window() looks for bounds.
inline constexpr int csnr_steps = 256;

// Window on that grid that minimises the mean squared error of what the codes stand for, in full
// scales, over all conversions and over the fresh noise of each: the search of CACTUS (Kavishwar,
// Shanbhag, arXiv 2507.09776), by exact expectation. The first of equals, lo before hi, ascending.
// Errors of chips and fixed errors of the transfer are left out. threads = 0 takes every core; the
// result does not depend on it. Milliseconds for a bit-serial layer; seconds where a full scale has
// a million counts. Throws std::invalid_argument where sums, noise and bits would take minutes.
AdcWindow csnr_window(const CountHistogram& histogram, const MacroParams& macro, int weight_bits,
                      int threads);

// That error of one window [FS^2, summed over conversions].
double window_error(const CountHistogram& histogram, const MacroParams& macro, int weight_bits,
                    AdcWindow window);

}  // namespace acim
