// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace acim {

enum class Direction : std::uint8_t { maximise, minimise };

// One quantity that points are compared by: a value for each point.
struct Objective {
    std::span<const double> values;
    Direction direction = Direction::maximise;
};

// True for each point that no other point dominates (at least as good in every objective and
// better in one). Equal points stay together; a point with a NaN is never on the front. All
// objectives must have the same number of values.
std::vector<bool> pareto_front(std::span<const Objective> objectives);

// Accuracy against efficiency, both as large as possible.
std::vector<bool> pareto_front(std::span<const double> accuracy,
                               std::span<const double> tops_per_watt);

}  // namespace acim
