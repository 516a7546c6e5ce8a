// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "cuda/trial/work.hpp"

namespace acim {

// A finished work unit as it is stored: the point by its id, so result.unit.point is not kept.
struct StoredTrial {
    std::string point_id;
    TrialResult result;
};

// What names a stored trial. The seed and the model version are those of the run directory.
struct TrialKey {
    std::string point_id;
    std::uint32_t chip = 0;
    std::uint32_t repeat = 0;
    std::uint32_t first_image = 0;
    std::uint32_t images = 0;

    friend bool operator==(const TrialKey&, const TrialKey&) = default;
    friend auto operator<=>(const TrialKey&, const TrialKey&) = default;
};

}  // namespace acim
