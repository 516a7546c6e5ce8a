// SPDX-License-Identifier: Apache-2.0
#include "cuda/check/device_pins.hpp"

#include <algorithm>

namespace acim {
namespace {

double middle(std::vector<double> values) {
    if (values.empty()) return 0.0;
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

double RateResult::least() const { return rounds.empty() ? 0.0 : std::ranges::min(rounds); }
double RateResult::median() const { return middle(rounds); }
double RateResult::most() const { return rounds.empty() ? 0.0 : std::ranges::max(rounds); }
double RateResult::cycle_median() const { return middle(per_cycle); }

}  // namespace acim
