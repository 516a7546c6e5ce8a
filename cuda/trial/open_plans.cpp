// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/open_plans.hpp"

namespace acim {

void OpenPlans::expect(const WorkUnit& unit) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& entry = open_[find_key(unit)];
    if (!entry) entry = std::make_shared<Entry>();
    ++entry->units;
}

std::shared_ptr<const PointPlan> OpenPlans::get(const WorkUnit& unit) {
    const std::shared_ptr<Entry> entry = entry_of(unit);
    const DesignPoint& point = setup_.points[unit.point];
    const std::lock_guard lock(entry->mutex);
    if (!entry->plan)
        entry->plan = std::make_shared<const PointPlan>(
            make_point_plan(*setup_.network, point, chip_key(point.seed(setup_.seed), unit.chip),
                            packer_, laws_, unit.chip));
    return entry->plan;
}

std::shared_ptr<OpenPlans::Entry> OpenPlans::entry_of(const WorkUnit& unit) {
    const std::lock_guard lock(mutex_);
    return open_.at(find_key(unit));
}

void OpenPlans::done(const WorkUnit& unit) {
    const std::lock_guard lock(mutex_);
    const auto entry = open_.find(find_key(unit));
    if (--entry->second->units == 0) open_.erase(entry);
}

OpenPlans::Key OpenPlans::key_of(const WorkUnit& unit) {
    const std::lock_guard lock(mutex_);
    return find_key(unit);
}

OpenPlans::Key OpenPlans::find_key(const WorkUnit& unit) {
    const auto [it, fresh] = differs_.try_emplace(unit.point, false);
    if (fresh) it->second = differs_by_chip(*setup_.network, setup_.points[unit.point]);
    return {unit.point, it->second ? unit.chip : 0};
}

}  // namespace acim
