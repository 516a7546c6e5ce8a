// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/store/results_file.hpp"

namespace acim {

// exp of a mean cross-entropy [nat] in fixed-order arithmetic; NaN stays.
double perplexity_of(double loss);

// The aggregates of results.h5: accuracy with intervals, agreement, loss, energy and efficiency per
// point, and the long table of layers. A pure function of the plan and its finished trials; a trial
// counts once all its image blocks are there.
ResultColumns aggregate(const PlanRecord& plan, const TrialTable& table);

}  // namespace acim
