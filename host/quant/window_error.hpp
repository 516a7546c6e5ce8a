// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/model/macro/params.hpp"
#include "host/quant/adc_window.hpp"
#include "host/quant/count_histogram.hpp"

namespace acim {

// Squared errors of the codes of one layer under any window, in fixed-order double arithmetic.
class WindowError {
public:
    WindowError(const CountHistogram& histogram, const MacroParams& macro, int weight_bits);

    // Sum over conversions of E[(decoded - count/span)^2] [FS^2]. Terms are added in the order of
    // the histogram and none is negative: once the sum exceeds `enough` it is returned as it is.
    double of(AdcWindow window, double enough) const;

    // A part of that sum which no ADC avoids: counts beyond a bound err by their distance to it.
    // Both arguments in 1/csnr_steps of the full scale.
    double clipped(int lo, int hi) const {
        return below_[static_cast<std::size_t>(lo)] + above_[static_cast<std::size_t>(hi)];
    }

    // A guess of the sum, to look at promising windows first.
    double guess(AdcWindow window) const;

private:
    struct Count {
        std::int64_t s;
        double conversions;
        double measured;  // fresh sigma of a measured error [LSB]
    };
    struct Part {
        int width;
        bool noisy;
        std::vector<Count> counts;  // those that occur
    };
    MacroParams with(AdcWindow window) const;
    void add_clipped(double at, double conversions);

    MacroParams macro_;
    int weight_bits_;
    double conversions_ = 0.0;
    std::vector<Part> parts_;
    std::vector<double> below_, above_;  // per bound on the grid [FS^2]
};

}  // namespace acim
