// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/stats/point_statistics.hpp"
#include "host/store/plan_record.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

// The complete trials of the point whose rows begin at `row`, which moves behind them.
std::vector<TrialAccuracy> complete_trials(const PlanRecord& plan, const TrialTable& table,
                                           std::uint32_t point, std::size_t& row);

// Per point, how many chips it needs as far as its finished trials say: all of the plan without a stop
// rule; else those up to the first round that is not complete or that is enough. A pure function of
// plan and trials; chips beyond do not enter.
std::vector<std::uint32_t> needed_chips(const PlanRecord& plan, const TrialTable& table);

}  // namespace acim
