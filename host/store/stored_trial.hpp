// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cuda/trial/work.hpp"

namespace acim {

// A finished work unit as it is stored: the point by its id, so result.unit.point is not kept.
struct StoredTrial {
    std::string point_id;
    TrialResult result;
};

}  // namespace acim
