// SPDX-License-Identifier: Apache-2.0
#include "host/engine/joined_tables.hpp"

#include <algorithm>

namespace acim {
namespace {

JoinedTables join_tables(const LayerPlan& plan) {
    JoinedTables joined;
    std::uint32_t rows = 0;
    for (int j = 0; j < plan.cycles.count; ++j) {
        if (std::ranges::find(joined.laws, plan.law[j]) != joined.laws.end()) continue;
        joined.laws.push_back(plan.law[j]);
        joined.first_row.push_back(rows);
        rows += static_cast<std::uint32_t>(plan.law[j]->scale().full_scale) + 1;
    }
    if (plan.path == SamplingPath::lut) {
        for (const auto& law : joined.laws)
            joined.entries.insert(joined.entries.end(), law->codes().begin(), law->codes().end());
    } else if (plan.path == SamplingPath::table && joined.laws.size() > 1) {
        for (const auto& law : joined.laws)
            joined.entries.insert(joined.entries.end(), law->cells().begin(), law->cells().end());
    } else if (plan.path == SamplingPath::table && joined.laws[0]->scale().full_scale < 1024) {
        joined.shifts = find_shift_table(*joined.laws[0]);
    }
    return joined;
}

}  // namespace

std::shared_ptr<const JoinedTables> TableStore::get(const LayerPlan& plan) {
    Key key{plan.path, {}};
    for (int j = 0; j < plan.cycles.count; ++j) key.second.push_back(plan.law[j].get());
    const std::lock_guard lock(mutex_);
    auto& slot = joined_[key];
    auto tables = slot.lock();
    if (!tables) slot = tables = std::make_shared<const JoinedTables>(join_tables(plan));
    return tables;
}

}  // namespace acim
