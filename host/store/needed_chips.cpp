// SPDX-License-Identifier: Apache-2.0
#include "host/store/needed_chips.hpp"

#include <algorithm>
#include <span>

namespace acim {

std::vector<TrialAccuracy> complete_trials(const PlanRecord& plan, const TrialTable& table,
                                           std::uint32_t point, std::size_t& row) {
    std::vector<TrialAccuracy> trials;
    const auto n = static_cast<double>(items_of(plan, plan.images));
    while (row < table.rows() && table.units[row].point == point) {
        const WorkUnit& first = table.units[row];
        std::uint64_t images = 0, correct = 0, agree = 0;
        double loss = 0.0;  // [nat], sum over items
        for (; row < table.rows(); ++row) {
            const WorkUnit& unit = table.units[row];
            if (unit.point != point || unit.chip != first.chip || unit.repeat != first.repeat)
                break;
            images += unit.images;
            correct += table.correct[row];
            agree += table.agree[row];
            loss += static_cast<double>(table.cross_entropy[row]) / 4294967296.0;
        }
        if (images != plan.images) continue;
        trials.push_back({first.chip, first.repeat, static_cast<double>(correct) / n,
                          static_cast<double>(agree) / n, loss / n});
    }
    return trials;
}

namespace {

// `trials` in the order of their chips.
std::uint32_t needed_by(const PlanRecord& plan, std::span<const std::uint32_t> rounds,
                        std::span<const TrialAccuracy> trials) {
    for (const std::uint32_t chips : rounds) {
        const auto behind =
            std::partition_point(trials.begin(), trials.end(),
                                 [chips](const TrialAccuracy& t) { return t.chip < chips; });
        const std::span of_round(trials.begin(), behind);
        if (of_round.size() < std::size_t{chips} * plan.repeats) return chips;
        if (is_enough(plan.stop, of_round, {plan.images, false, plan.positions})) return chips;
    }
    return plan.chips;
}

}  // namespace

std::vector<std::uint32_t> needed_chips(const PlanRecord& plan, const TrialTable& table) {
    std::vector<std::uint32_t> needed(plan.points.size(), plan.chips);
    if (!plan.stop.active()) return needed;
    const std::vector<std::uint32_t> rounds = rounds_of(plan.stop, plan.chips);
    std::size_t row = 0;
    for (std::uint32_t point = 0; point < needed.size(); ++point)
        needed[point] = needed_by(plan, rounds, complete_trials(plan, table, point, row));
    return needed;
}

}  // namespace acim
