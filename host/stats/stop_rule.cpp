// SPDX-License-Identifier: Apache-2.0
#include "host/stats/stop_rule.hpp"

#include "host/core/error.hpp"

namespace acim {

std::vector<std::uint32_t> rounds_of(const StopRule& rule, std::uint32_t chips) {
    if (!rule.active()) return {chips};
    ACIM_EXPECT(rule.first_chips > 0);
    std::vector<std::uint32_t> rounds;
    for (std::uint64_t n = rule.first_chips; n < chips; n += n / 2 + n % 2)
        rounds.push_back(static_cast<std::uint32_t>(n));
    rounds.push_back(chips);
    return rounds;
}

bool is_enough(const StopRule& rule, std::span<const TrialAccuracy> trials,
               const TrialConditions& conditions) {
    constexpr double rounding = 1e-9;  // relative: an end of the interval is a rounded sum
    const double found = point_statistics(trials, conditions).half_width;  // NaN with one chip
    return found <= rule.half_width * (1.0 + rounding);
}

}  // namespace acim
