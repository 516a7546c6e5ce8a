// SPDX-License-Identifier: Apache-2.0
#include "host/run/shard.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "host/core/sha256.hpp"

namespace acim {
namespace {

PlanRecord plan_of(std::uint32_t points, std::uint32_t chips, std::uint32_t repeats,
                   std::uint32_t images) {
    PlanRecord plan;
    plan.chips = chips;
    plan.repeats = repeats;
    plan.images = images;
    plan.block_images = 500;
    plan.points.resize(points);
    for (std::uint32_t p = 0; p < points; ++p) plan.points[p].id = sha256_hex(std::to_string(p));
    return plan;
}

double sum_of(const PlanRecord& plan, const std::vector<double>& work,
              const std::vector<std::uint64_t>& units) {
    double sum = 0.0;
    for (const std::uint64_t u : units) {
        const WorkUnit unit = unit_at(plan, u);
        sum += work[unit.point] * unit.images;
    }
    return sum;
}

TEST(Shard, PartsAreDisjointAndTheWhole) {
    for (const auto& [points, chips, images] :
         {std::array{7u, 3u, 1200u}, std::array{1u, 1u, 100u}, std::array{30u, 4u, 500u}}) {
        const PlanRecord plan = plan_of(points, chips, 2, images);
        std::vector<double> work(points);
        for (std::uint32_t p = 0; p < points; ++p) work[p] = 1.0 + p % 5;
        for (const std::uint32_t count : {1u, 2u, 5u, 8u, 1000u}) {
            std::vector<std::uint64_t> all;
            for (std::uint32_t i = 0; i < count; ++i) {
                const auto units = units_of_shard(plan, work, {i, count});
                EXPECT_TRUE(std::is_sorted(units.begin(), units.end()));
                all.insert(all.end(), units.begin(), units.end());
            }
            std::sort(all.begin(), all.end());
            std::vector<std::uint64_t> expected(unit_count(plan));
            std::iota(expected.begin(), expected.end(), 0);
            EXPECT_EQ(all, expected) << count;
        }
    }
}

// Whether a point goes on is decided from all its chips: no other task may hold some of them.
TEST(Shard, UnderAStopRuleAPointStaysInOnePart) {
    PlanRecord plan = plan_of(30, 20, 2, 1200);
    plan.stop.half_width = 0.01;
    const std::vector<double> work(30, 1.0);
    std::vector<std::uint32_t> part_of(30, 99);
    std::size_t units = 0;
    for (std::uint32_t i = 0; i < 8; ++i)
        for (const std::uint64_t u : units_of_shard(plan, work, {i, 8})) {
            std::uint32_t& part = part_of[unit_at(plan, u).point];
            EXPECT_TRUE(part == 99 || part == i);
            part = i;
            ++units;
        }
    EXPECT_EQ(units, unit_count(plan));
    for (std::uint32_t i = 0; i < 8; ++i)
        EXPECT_GE(std::count(part_of.begin(), part_of.end(), i), 3) << i;
    EXPECT_EQ(most_shards(plan), 30u);
    plan.stop = {};
    EXPECT_EQ(most_shards(plan), unit_count(plan));
}

// Every eighth point costs seventy times as much, as one on the fixed path does. Dealing units i,
// i+8, ... would give all of these to one task of eight.
TEST(Shard, SlowPointsDoNotPileUpInOneTask) {
    const PlanRecord plan = plan_of(160, 4, 1, 1000);
    std::vector<double> work(160, 1.0);
    for (std::size_t p = 0; p < work.size(); p += 8) work[p] = 70.0;
    double largest = 0.0, total = 0.0;
    for (std::uint32_t i = 0; i < 8; ++i) {
        const double sum = sum_of(plan, work, units_of_shard(plan, work, {i, 8}));
        largest = std::max(largest, sum);
        total += sum;
    }
    EXPECT_LE(largest, 1.05 * total / 8);
}

// The same where the work is not known: ids break the step of the axis.
TEST(Shard, AxesDoNotKeepStepWithTheNumberOfTasks) {
    const PlanRecord plan = plan_of(160, 1, 1, 500);
    const std::vector<double> known(160, 1.0);
    std::vector<double> hidden(160, 1.0);
    for (std::size_t p = 0; p < hidden.size(); p += 8) hidden[p] = 10.0;
    for (std::uint32_t i = 0; i < 8; ++i) {
        std::size_t slow = 0;
        for (const std::uint64_t u : units_of_shard(plan, known, {i, 8}))
            slow += hidden[unit_at(plan, u).point] > 1.0 ? 1 : 0;
        EXPECT_LE(slow, 8u) << "of 20 slow points";  // ids are fixed: no chance is involved
    }
}

TEST(Shard, TheUnitsOfAChipStayTogetherWhereThereAreMany) {
    const PlanRecord plan = plan_of(10, 8, 2, 1500);
    const std::vector<double> work(10, 1.0);
    for (std::uint32_t i = 0; i < 4; ++i) {
        const auto units = units_of_shard(plan, work, {i, 4});
        ASSERT_EQ(units.size() % 6, 0u);
        for (std::size_t u = 0; u < units.size(); u += 6) {
            EXPECT_EQ(units[u] % 6, 0u);
            EXPECT_EQ(units[u + 5], units[u] + 5);
        }
    }
    // Two points of one chip each for four tasks: single blocks are dealt.
    const PlanRecord few = plan_of(2, 1, 1, 2000);
    for (std::uint32_t i = 0; i < 4; ++i)
        EXPECT_EQ(units_of_shard(few, std::vector<double>(2, 1.0), {i, 4}).size(), 2u);
}

TEST(Shard, WorkOfAPointWeighsItsPaths) {
    PointFacts facts;
    facts.layers.resize(2);
    facts.layers[0].path = "table";
    facts.layers[0].conversions = 1000;
    facts.layers[1].path = "digital";
    const double table = point_work(facts);
    facts.layers[0].path = "fixed";
    EXPECT_GT(point_work(facts), 50 * table);
    facts.layers[0].path = "product";
    EXPECT_LT(point_work(facts), 0.5 * table);
}

}  // namespace
}  // namespace acim
