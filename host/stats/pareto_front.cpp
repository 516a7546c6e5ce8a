// SPDX-License-Identifier: Apache-2.0
#include "host/stats/pareto_front.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "host/core/error.hpp"

namespace acim {
namespace {

// Positive where point a is better than point b in this objective, negative where it is worse.
int compare(const Objective& objective, std::size_t a, std::size_t b) {
    const double left = objective.values[a];
    const double right = objective.values[b];
    const int order = (left > right) - (left < right);
    return objective.direction == Direction::maximise ? order : -order;
}

// Lexicographic order with the better point first.
bool precedes(std::span<const Objective> objectives, std::size_t a, std::size_t b) {
    for (const Objective& objective : objectives) {
        const int order = compare(objective, a, b);
        if (order != 0) return order > 0;
    }
    return false;
}

bool dominates(std::span<const Objective> objectives, std::size_t a, std::size_t b) {
    bool better = false;
    for (const Objective& objective : objectives) {
        const int order = compare(objective, a, b);
        if (order < 0) return false;
        better = better || order > 0;
    }
    return better;
}

bool comparable(std::span<const Objective> objectives, std::size_t point) {
    return std::none_of(objectives.begin(), objectives.end(),
                        [point](const Objective& o) { return std::isnan(o.values[point]); });
}

}  // namespace

// In lexicographic order a point can only be dominated by an earlier one, and then, because
// dominance is transitive, also by an earlier point of the front: one pass against the front found
// so far is enough, for any number of objectives.
std::vector<bool> pareto_front(std::span<const Objective> objectives) {
    ACIM_EXPECT(!objectives.empty());
    const std::size_t count = objectives.front().values.size();
    for (const Objective& objective : objectives) ACIM_EXPECT(objective.values.size() == count);

    std::vector<std::size_t> order;
    for (std::size_t point = 0; point < count; ++point) {
        if (comparable(objectives, point)) order.push_back(point);
    }
    std::stable_sort(order.begin(), order.end(), [objectives](std::size_t a, std::size_t b) {
        return precedes(objectives, a, b);
    });

    std::vector<bool> on_front(count, false);
    std::vector<std::size_t> front;
    for (std::size_t point : order) {
        const bool dominated = std::any_of(
            front.rbegin(), front.rend(),
            [objectives, point](std::size_t other) { return dominates(objectives, other, point); });
        if (dominated) continue;
        front.push_back(point);
        on_front[point] = true;
    }
    return on_front;
}

std::vector<bool> pareto_front(std::span<const double> accuracy,
                               std::span<const double> tops_per_watt) {
    const std::array<Objective, 2> objectives = {Objective{accuracy, Direction::maximise},
                                                 Objective{tops_per_watt, Direction::maximise}};
    return pareto_front(objectives);
}

}  // namespace acim
