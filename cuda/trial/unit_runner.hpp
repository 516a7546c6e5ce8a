// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/image_executor.hpp"

namespace acim {

// An empty result of a unit, ready to be added to.
TrialResult empty_result(const TrialSetup& setup, const WorkUnit& unit);

// Runs `count` images of a unit from its image `begin` on and adds them to `result`, which may hold
// other images of the same unit already. Integers only, so that any cut and order give equal bytes.
void run_images(const TrialSetup& setup, const PointPlan& plan, std::uint32_t begin,
                std::uint32_t count, ImageExecutor& executor, TrialResult& result);

// Adds the images of `part` to `whole`; both are results of the same unit without common images.
void add_result(TrialResult& whole, const TrialResult& part);

}  // namespace acim
