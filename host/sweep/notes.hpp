// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/sweep/spec.hpp"

namespace acim {

// A line for each setting that is right and may still not say what is meant: errors of the ADC in LSB
// beside an axis that changes the size of an LSB.
std::vector<std::string> sweep_notes(const SweepSpec& spec, std::span<const PointConfig> points);

}  // namespace acim
