// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/run/point_facts.hpp"
#include "host/store/plan_record.hpp"
#include "host/store/trial_table.hpp"

namespace acim {

// Part `index` of `count` of a sweep; the parts are disjoint and make up the whole.
struct Shard {
    std::uint32_t index = 0, count = 1;

    std::string name() const { return std::to_string(index) + "/" + std::to_string(count); }
    bool whole() const { return count == 1; }
};

// Work per image of a point, in conversions by the table path of the CPU engine.
double point_work(const PointFacts& facts);
// The same of every point, from what the plan holds.
std::vector<double> works_of(const PlanRecord& plan);

// The numbers (unit_index) of the shard's units, ascending. A pure function of the plan: every task
// of a job sees the same parts, whatever is stored already. Slow points are dealt over all shards:
// what belongs together, all units of one chip of a point (its cells are drawn once), is sorted by
// work and dealt to and fro; where that makes few hands per shard, single units are. Under a stop
// rule whole points are dealt: whether a point goes on is then seen by one shard alone. `work` has
// an entry per point.
std::vector<std::uint64_t> units_of_shard(const PlanRecord& plan, std::span<const double> work,
                                          const Shard& shard);

// The most parts that may have work: units, or points under a stop rule.
std::uint64_t most_shards(const PlanRecord& plan);

// The parts of `count` that have units which the table lacks, ascending.
std::vector<std::uint32_t> unfinished_shards(const PlanRecord& plan, const TrialTable& table,
                                             std::uint32_t count);

}  // namespace acim
