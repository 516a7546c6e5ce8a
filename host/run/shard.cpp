// SPDX-License-Identifier: Apache-2.0
#include "host/run/shard.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "host/core/error.hpp"

namespace acim {
namespace {

// What is dealt: consecutive units of one point.
struct Hand {
    std::uint64_t first = 0;  // number of its first unit
    std::uint32_t point = 0;
};

std::vector<Hand> hands_of(const PlanRecord& plan, std::uint64_t units) {
    const std::uint64_t per_point = unit_count(plan) / plan.points.size();
    std::vector<Hand> hands(unit_count(plan) / units);
    for (std::uint64_t i = 0; i < hands.size(); ++i)
        hands[i] = {i * units, static_cast<std::uint32_t>(i * units / per_point)};
    return hands;
}

// Heaviest first. Equal ones come in the order of their ids, which are hashes: no axis of the sweep
// keeps step with the number of shards.
std::vector<std::uint32_t> deal_order(const PlanRecord& plan, std::span<const double> work) {
    std::vector<std::uint32_t> points(plan.points.size());
    std::iota(points.begin(), points.end(), 0);
    std::sort(points.begin(), points.end(), [&](std::uint32_t a, std::uint32_t b) {
        return work[a] != work[b] ? work[a] > work[b] : plan.points[a].id < plan.points[b].id;
    });
    std::vector<std::uint32_t> rank(points.size());
    for (std::uint32_t i = 0; i < points.size(); ++i) rank[points[i]] = i;
    return rank;
}

// Calls take(shard, number of the first unit, units) for every hand.
template <class Take>
void deal(const PlanRecord& plan, std::span<const double> work, std::uint32_t count, Take take) {
    constexpr std::uint64_t hands_wanted = 8;  // per shard: the last ones even out the sums
    ACIM_EXPECT(work.size() == plan.points.size());
    const std::uint64_t per_chip = units_per_chip(plan);
    const bool by_chip = unit_count(plan) / per_chip >= hands_wanted * count;
    const std::uint64_t units = plan.stop.active() ? plan.chips * per_chip : by_chip ? per_chip : 1;
    std::vector<Hand> hands = hands_of(plan, units);
    const std::vector<std::uint32_t> rank = deal_order(plan, work);
    std::stable_sort(hands.begin(), hands.end(),
                     [&](const Hand& a, const Hand& b) { return rank[a.point] < rank[b.point]; });
    for (std::uint64_t i = 0; i < hands.size(); ++i) {
        const std::uint64_t place = i % count;
        const bool back = i / count % 2 == 1;
        take(static_cast<std::uint32_t>(back ? count - 1 - place : place), hands[i].first, units);
    }
}

}  // namespace

double point_work(const PointFacts& facts) {
    // Time of a conversion on each path, of one on the table path (bench/README.md, one core).
    const std::map<std::string, double> shares{{path_name(SamplingPath::product), 0.15},
                                               {path_name(SamplingPath::lut), 1.2},
                                               {path_name(SamplingPath::table), 1.0},
                                               {path_name(SamplingPath::events), 0.4},
                                               {path_name(SamplingPath::fixed), 70.0}};
    double work = 1.0;  // the digital rest, so that nothing is free
    for (const LayerFacts& layer : facts.layers) {
        const auto share = shares.find(layer.path);
        if (share != shares.end()) work += static_cast<double>(layer.conversions) * share->second;
    }
    return work;
}

std::vector<double> works_of(const PlanRecord& plan) {
    std::vector<double> work;
    for (const PlanPoint& point : plan.points)
        work.push_back(point_work(point_facts_from_json(nlohmann::json::parse(point.derived))));
    return work;
}

std::vector<std::uint64_t> units_of_shard(const PlanRecord& plan, std::span<const double> work,
                                          const Shard& shard) {
    ACIM_EXPECT(shard.index < shard.count);
    std::vector<std::uint64_t> own;
    deal(plan, work, shard.count, [&](std::uint32_t to, std::uint64_t first, std::uint64_t units) {
        for (std::uint64_t u = 0; to == shard.index && u < units; ++u) own.push_back(first + u);
    });
    std::sort(own.begin(), own.end());
    return own;
}

std::uint64_t most_shards(const PlanRecord& plan) {
    return plan.stop.active() ? plan.points.size() : unit_count(plan);
}

std::vector<std::uint32_t> unfinished_shards(const PlanRecord& plan, const TrialTable& table,
                                             std::uint32_t count) {
    const std::vector<bool> missing = missing_units(plan, table);
    std::vector<bool> unfinished(count);
    const std::vector<double> work = works_of(plan);
    deal(plan, work, count, [&](std::uint32_t to, std::uint64_t first, std::uint64_t units) {
        for (std::uint64_t u = first; u < first + units; ++u)
            if (missing[u]) unfinished[to] = true;
    });
    std::vector<std::uint32_t> shards;
    for (std::uint32_t shard = 0; shard < count; ++shard)
        if (unfinished[shard]) shards.push_back(shard);
    return shards;
}

}  // namespace acim
