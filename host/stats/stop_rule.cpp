// SPDX-License-Identifier: Apache-2.0
#include "host/stats/stop_rule.hpp"

#include <algorithm>

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

double least_half_width(std::uint64_t images, std::uint64_t positions) {
    return 0.5 / static_cast<double>(images * positions);
}

bool is_enough(const StopRule& rule, std::span<const TrialAccuracy> trials,
               const TrialConditions& conditions) {
    constexpr double rounding = 1e-9;  // relative: an end of the interval is a rounded sum
    const PointStatistics s = point_statistics(trials, conditions);
    if (s.ci_kind == IntervalKind::none) return false;
    return std::max(s.mean - s.ci_low, s.ci_high - s.mean) <= rule.half_width * (1.0 + rounding);
}

}  // namespace acim
