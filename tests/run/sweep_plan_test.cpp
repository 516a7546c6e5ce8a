// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gmock/gmock.h>

#include "host/store/plan_json.hpp"
#include "tests/run/sweep_fixture.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST_F(SweepPlanTest, OrderOfPointsAndUnits) {
    const SweepPlan p = plan();
    ASSERT_EQ(p.record.points.size(), 6u);
    ASSERT_EQ(p.facts.size(), 6u);
    const auto& parameters = p.record.points[4].parameters;  // the last axis runs fastest
    ASSERT_EQ(parameters.size(), 2u);
    EXPECT_EQ(parameters[0].first, "macro.adc.bits");
    EXPECT_EQ(parameters[0].second, 6);
    EXPECT_EQ(parameters[1].second, 0.5);
    EXPECT_EQ(p.record.images, 12u);
    EXPECT_EQ(p.record.block_images, 12u);
    EXPECT_EQ(p.record.seed, 7u);
    EXPECT_EQ(unit_count(p.record), 6u * 2 * 3);
    ASSERT_EQ(p.groups.size(), 1u);
    EXPECT_EQ(p.groups[0].points, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(p.groups[0].reference_top1.size(), 12u);
}

TEST_F(SweepPlanTest, WhatIsNotPartOfAPointsId) {
    const auto base = ids();
    EXPECT_EQ(std::set<std::string>(base.begin(), base.end()).size(), 6u);
    EXPECT_EQ(ids({"seed=8"}), base);
    EXPECT_EQ(ids({"name=other"}), base);
    EXPECT_EQ(ids({"trials.chips=9"}), base);
    EXPECT_EQ(ids({"macro.hybrid.levels=0"}), base);  // an off value written out
    const auto wider = ids({"grid.macro.adc.bits=[4, 5, 6]"});
    EXPECT_EQ(std::vector<std::string>(wider.begin() + 3, wider.end()), base);
}

TEST_F(SweepPlanTest, WhatIsPartOfAPointsId) {
    const auto base = ids();
    for (const char* change : {"macro.rows=62", "weight_bits=7", "macro.hybrid.levels=1",
                               "quantisation.per_channel=true",
                               "macro.noise.random.unit=percent_fs", "workload.data.scale=0.011"}) {
        const auto changed = ids({change});
        EXPECT_NE(changed[1], base[1]) << change;
    }
}

TEST_F(SweepPlanTest, PointsOfOneQuantisationShareANetwork) {
    const SweepPlan p = plan({"grid.weight_bits=[4, 8]"});
    ASSERT_EQ(p.record.points.size(), 12u);
    ASSERT_EQ(p.groups.size(), 2u);
    EXPECT_EQ(p.record.networks.size(), 2u);
    EXPECT_EQ(p.groups[0].points.size() + p.groups[1].points.size(), 12u);
    for (const NetworkGroup& group : p.groups)
        for (const std::uint32_t point : group.points)
            EXPECT_EQ(p.record.points[point].network_hash, group.network->hash);
    EXPECT_NE(p.groups[0].network->hash, p.groups[1].network->hash);
}

TEST_F(SweepPlanTest, TheStoredNetworkIsTheCalibratedOne) {
    SweepPlan first = plan({}, true);
    EXPECT_FALSE(fs::exists(folder_ / "run"));  // a plan writes nothing
    fs::create_directories(folder_ / "run" / "networks");
    first.networks->save();
    const SweepPlan second = plan({}, true);
    EXPECT_EQ(second.groups[0].network->hash, first.groups[0].network->hash);
    EXPECT_EQ(plan_to_json(second.record), plan_to_json(first.record));
}

TEST_F(SweepPlanTest, BaselinesStandBesideEveryPoint) {
    const SweepPlan p = plan();
    for (const PlanPoint& point : p.record.points) {
        const PointFacts facts = point_facts_from_json(nlohmann::json::parse(point.derived));
        EXPECT_EQ(facts.float_accuracy, static_cast<double>(p.float_score.correct) / 12);
        EXPECT_EQ(facts.quantised_accuracy,
                  static_cast<double>(p.groups[0].quantised.correct) / 12);
    }
    EXPECT_EQ(plan({"workload.images=5"}).record.images, 5u);
}

TEST_F(SweepPlanTest, Errors) {
    EXPECT_THAT(error({"workload.images=13"}), HasSubstr("workload.images is 13"));
    EXPECT_THAT(error({"macro.rows=8"}), HasSubstr("macro.rows is 8"));
    EXPECT_THAT(error({"layers=[{match: nothing, analog: false}]"}), HasSubstr("nothing"));
    EXPECT_THAT(error({"workload.data.labels=images"}), HasSubstr("images"));
    write_idx(folder_ / "labels", {12}, {0, 1, 0, 1, 200, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_THAT(error({}), HasSubstr("200"));
    write_idx(folder_ / "labels", {11}, std::vector<std::uint8_t>(11));
    EXPECT_THAT(error({}), HasSubstr("11"));
}

}  // namespace
}  // namespace acim
