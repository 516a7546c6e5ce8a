// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/model/macro/events.hpp"

namespace acim {

// Path events serves up to here, 0.1941 LSB, below where drawing every code becomes as fast on a CPU
// (bench/README.md). Part of the contract that decides the path.
inline constexpr double most_event_probability = 0.01;

// P(rne(sigma*z) != 0) under Gaussian noise of sigma [LSB]: a code that stands on a step errs.
double error_probability(double sigma);

// The law of a block of conversions, all under noise of the same sigma > 0 [LSB] on steps of the
// ADC. Its integers are within 1e-15 a conversion of the law in double precision.
class EventLaw {
public:
    // Throws std::invalid_argument where errors are more frequent than most_event_probability.
    EventLaw(double sigma, int conversions);

    EventLawView view() const;
    const std::vector<std::uint64_t>& at_least() const { return at_least_; }

private:
    void set_errors(double sigma, double p);

    std::vector<std::uint64_t> at_least_;
    EventLawView view_;
};

}  // namespace acim
