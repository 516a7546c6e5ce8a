// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/stats/point_statistics.hpp"

namespace acim {

// When the chips of a design point are enough. Chips come in rounds whose sizes are fixed beforehand,
// and are counted only when a round is complete, so that neither order nor engine nor kills can change
// which chips a point has.
struct StopRule {
    // Wanted half-width of the 95 % interval of the accuracy [1]; 0: no rule, every chip runs.
    double half_width = 0.0;
    std::uint32_t first_chips = 8;  // of the first round

    bool active() const { return half_width > 0.0; }
    friend bool operator==(const StopRule&, const StopRule&) = default;
};

// How many chips there are after each round, ascending up to `chips`. Each round adds half of what
// there is, rounded up: a point has at most half again the chips that it needed. One round without a
// rule.
std::vector<std::uint32_t> rounds_of(const StopRule& rule, std::uint32_t chips);

// Whether the interval over the chips of these trials is as narrow as the rule asks for. Ends that are
// cut at 0 or 1 do not make it narrow.
bool is_enough(const StopRule& rule, std::span<const TrialAccuracy> trials,
               const TrialConditions& conditions);

}  // namespace acim
