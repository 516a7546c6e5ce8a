// SPDX-License-Identifier: Apache-2.0
// Plans with a stop rule: which trials they need follows from plan and trials alone, whatever else is
// stored and in whatever order it came.
#include <cmath>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/stats/interval.hpp"
#include "host/store/check.hpp"
#include "host/store/merge.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/trial_table.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using ::testing::HasSubstr;

// Rounds of 4, 6, 9, 14, 20 chips. An accuracy of 300 images and two repeats scatters by 0.016.
PlanRecord stopping_plan() {
    PlanRecord plan = fixture::small_plan();
    plan.chips = 20;
    plan.stop = {0.013, 4};
    return plan;
}

double chip_accuracy(const PlanRecord& plan, std::uint32_t point, std::uint32_t chip) {
    std::uint32_t correct = 0;
    for (std::uint32_t repeat = 0; repeat < plan.repeats; ++repeat)
        for (std::uint32_t first = 0; first < plan.images; first += plan.block_images)
            correct += fixture::trial_of(
                           plan, {point, chip, repeat, first, std::min(128U, plan.images - first)})
                           .result.correct;
    return correct / static_cast<double>(plan.images * plan.repeats);
}

// The rule in other words: chips are added until their interval is narrow.
std::uint32_t expected_chips(const PlanRecord& plan, std::uint32_t point) {
    std::vector<double> means;
    for (const std::uint32_t round : {4U, 6U, 9U, 14U, 20U}) {
        while (means.size() < round)
            means.push_back(chip_accuracy(plan, point, static_cast<std::uint32_t>(means.size())));
        const Interval interval = t_interval(means);
        if ((interval.high - interval.low) / 2 <= plan.stop.half_width) return round;
    }
    return 20;
}

TEST(StopRule, PointsKeepTheChipsThatTheyNeed) {
    const Scratch scratch;
    const PlanRecord plan = stopping_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    auto trials = fixture::all_trials(plan);
    std::shuffle(trials.begin(), trials.end(), std::mt19937(5));
    fixture::store(run, trials, 97);
    const TrialTable table = load_trials({run.path()}, plan);
    std::vector<std::uint32_t> expected;
    for (std::uint32_t p = 0; p < plan.points.size(); ++p)
        expected.push_back(expected_chips(plan, p));
    EXPECT_EQ(table.chips, expected);
    EXPECT_GT(std::set(expected.begin(), expected.end()).size(), 2U) << "or little is shown";
    std::vector<std::vector<LayerSums>> layers(plan.points.size());
    std::vector<WorkUnit> units;
    for (const WorkUnit& unit : fixture::planned_units(plan)) {
        if (unit.chip >= expected[unit.point]) continue;
        units.push_back(unit);
        const TrialResult result = fixture::trial_of(plan, unit).result;
        layers[unit.point].resize(result.layers.size());
        for (std::size_t l = 0; l < result.layers.size(); ++l)
            layers[unit.point][l].add(result.layers[l]);
    }
    EXPECT_EQ(table.units, units);
    EXPECT_EQ(table.layers, layers) << "of the needed chips alone";
    EXPECT_EQ(table.missing(), 0U);
    EXPECT_EQ(table.unplanned, trials.size() - units.size());
}

// Two runs that take what is missing in other orders and pieces end with the same trials as the
// directory that holds all chips.
TEST(StopRule, EveryWayThereEndsInTheSameTrials) {
    const Scratch scratch;
    const PlanRecord plan = stopping_plan();
    const auto whole = RunDirectory::create_or_open(scratch / "whole", plan);
    fixture::store(whole, fixture::all_trials(plan));
    const TrialTable expected = load_trials({whole.path()}, plan);
    for (const std::uint32_t seed : {1U, 2U}) {
        const auto run = RunDirectory::create_or_open(scratch / std::to_string(seed), plan);
        std::mt19937 random(seed);
        TrialTable table = load_trials({}, plan);
        EXPECT_EQ(table.missing(), 4 * units_per_chip(plan) * plan.points.size());
        for (int step = 0; table.missing() > 0; ++step) {
            ASSERT_LT(step, 200);
            const std::vector<bool> missing = missing_units(plan, table);
            EXPECT_EQ(static_cast<std::uint64_t>(std::count(missing.begin(), missing.end(), true)),
                      table.missing());
            std::vector<StoredTrial> trials;
            for (std::uint64_t i = 0; i < missing.size(); ++i)
                if (missing[i] && (random() % 3 != 0 || table.missing() < 10))
                    trials.push_back(fixture::trial_of(plan, unit_at(plan, i)));
            std::shuffle(trials.begin(), trials.end(), random);
            fixture::store(run, trials, 50);
            table = load_trials({run.path()}, plan);
        }
        EXPECT_EQ(table.unplanned, 0U) << "nothing ran that was not needed";
        table.unplanned = expected.unplanned;
        table.segments = expected.segments;
        EXPECT_EQ(table, expected);
        merge_runs({run.path()}, scratch / "a.h5", fixture::aggregate);
        merge_runs({whole.path()}, scratch / "b.h5", fixture::aggregate);
        EXPECT_EQ(fixture::text_of(scratch / "a.h5"), fixture::text_of(scratch / "b.h5"));
    }
}

TEST(StopRule, ADamagedTrialOfAnEarlyRoundIsNeededAgainBeforeMoreChips) {
    const PlanRecord plan = stopping_plan();
    TrialTableBuilder builder(plan);
    for (const StoredTrial& trial : fixture::all_trials(plan)) {
        const WorkUnit& unit = trial.result.unit;
        const bool lost =
            unit.point == 2 && unit.chip == 1 && unit.repeat == 1 && unit.first_image == 128;
        if (!lost) builder.add(trial);
    }
    const TrialTable table = builder.finish();
    EXPECT_EQ(table.chips[2], 4U);
    EXPECT_EQ(table.missing(), 1U);
    EXPECT_TRUE(missing_units(plan, table)[unit_index(plan, {2, 1, 1, 128, 128})]);
}

TEST(StopRule, ThePlanHoldsIt) {
    const PlanRecord plan = stopping_plan();
    const std::string text = plan_to_json(plan);
    EXPECT_EQ(plan_from_json(text, "plan.json").stop, plan.stop);
    PlanRecord other = plan;
    other.stop.first_chips = 6;
    EXPECT_NE(plan_sha256(plan), plan_sha256(other));
    other.stop = {};
    EXPECT_THAT(plan_to_json(other), ::testing::Not(HasSubstr("stop")));
    for (const char* bad : {"0.0", "-0.5", "1.0", "1e400"}) {
        std::string changed = text;
        changed.replace(changed.find("0.013"), 5, bad);
        try {
            plan_from_json(changed, "plan.json");
            ADD_FAILURE() << bad;
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("plan.json: damaged plan"));
        }
    }
}

TEST(StopRule, AnotherRuleNeedsExtendAndKeepsWhatIsFinished) {
    const Scratch scratch;
    PlanRecord plan = stopping_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    const std::uint64_t rows = load_trials({run.path()}, plan).rows();
    plan.stop.half_width = 0.03;
    try {
        RunDirectory::create_or_open(scratch / "run", plan);
        FAIL() << "taken";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("trials.stop: half_width 0.013 from 4 chips there, "
                                            "half_width 0.03 from 4 chips now"));
    }
    RunDirectory::create_or_open(scratch / "run", plan, PlanChange::extend);
    const TrialTable fewer = load_trials({run.path()}, plan);
    EXPECT_EQ(fewer.missing(), 0U);
    EXPECT_LT(fewer.rows(), rows);
    const CheckReport report = check_run(run.path());
    EXPECT_EQ(report.planned, fewer.rows());
    EXPECT_EQ(report.missing, 0U);
    EXPECT_EQ(report.trials, unit_count(plan));
}

}  // namespace
}  // namespace acim
