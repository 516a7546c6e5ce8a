// SPDX-License-Identifier: Apache-2.0
#include "host/run/aggregate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/run/point_facts.hpp"
#include "host/stats/interval.hpp"

namespace acim {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t images = 10;

// Two points, two chips, two repeats of 10 images in blocks of 4, one MAC layer.
PlanRecord small_plan(bool deterministic = false) {
    PlanRecord plan;
    plan.chips = 2;
    plan.repeats = 2;
    plan.images = images;
    plan.block_images = 4;
    for (int p = 0; p < 2; ++p) {
        PointFacts facts;
        facts.deterministic = deterministic;
        facts.conversions = 100u + static_cast<unsigned>(p);
        facts.cost.energy = {1e-9, 0, 2e-9, 0.5e-9, 0, 0};
        facts.cost.operations = (p == 0 ? 5.0 : 3.0) * 3.5e3;  // 5 and 3 TOPS/W
        facts.cost.latency = 1e-6;
        facts.cost.area = 2e-6;
        facts.quantised_accuracy = 0.75;
        facts.layers.resize(1);
        facts.layers[0].name = "fc";
        facts.layers[0].path = "table";
        facts.layers[0].row_groups = 3;
        facts.layers[0].row_utilisation = 0.5;
        facts.layers[0].conversions = 100;
        PlanPoint point;
        point.id = "p" + std::to_string(p);
        point.derived = to_json(facts).dump();
        plan.points.push_back(point);
    }
    return plan;
}

StoredTrial block(std::uint32_t point, std::uint32_t chip, std::uint32_t repeat,
                  std::uint32_t first, std::uint32_t correct) {
    StoredTrial t;
    t.point_id = "p" + std::to_string(point);
    t.result.unit = {point, chip, repeat, first, std::min(4u, images - first)};
    t.result.correct = correct;
    t.result.agree = correct;
    t.result.cross_entropy = std::int64_t{t.result.unit.images} << 31;  // half a nat an image
    t.result.layers.resize(1);
    return t;
}

using Trials = std::vector<StoredTrial>;

ResultColumns aggregate_of(const PlanRecord& plan, const Trials& trials) {
    TrialTableBuilder builder(plan);
    for (const StoredTrial& trial : trials) builder.add(trial);
    return aggregate(plan, builder.finish());
}

// All blocks of one trial, the correct images in the last two blocks.
void add_trial(Trials& table, std::uint32_t point, std::uint32_t chip, std::uint32_t repeat,
               std::uint32_t correct) {
    table.push_back(block(point, chip, repeat, 0, 0));
    table.push_back(block(point, chip, repeat, 4, std::min(correct, 4u)));
    table.push_back(block(point, chip, repeat, 8, correct - std::min(correct, 4u)));
}

Trials full_table() {
    Trials table;
    const std::uint32_t correct[2][2][2] = {{{6, 5}, {4, 5}}, {{2, 2}, {2, 2}}};
    for (std::uint32_t p = 0; p < 2; ++p)
        for (std::uint32_t c = 0; c < 2; ++c)
            for (std::uint32_t r = 0; r < 2; ++r) add_trial(table, p, c, r, correct[p][c][r]);
    return table;
}

template <class T>
std::vector<T> values(const std::vector<Column>& columns, const std::string& name) {
    for (const Column& column : columns)
        if (column.name == name) return std::get<std::vector<T>>(column.values);
    ADD_FAILURE() << "no column " << name;
    return std::vector<T>(2);
}

TEST(Aggregate, MeansOverChipsAndIntervals) {
    const ResultColumns out = aggregate_of(small_plan(), full_table());
    EXPECT_THAT(values<std::string>(out.points, "status"), ElementsAre("done", "done"));
    const auto accuracy = values<double>(out.points, "accuracy");
    EXPECT_NEAR(accuracy[0], 0.5, 1e-12);  // chip means 0.55 and 0.45
    EXPECT_NEAR(accuracy[1], 0.2, 1e-12);
    EXPECT_NEAR(values<double>(out.points, "accuracy_min")[0], 0.45, 1e-12);
    EXPECT_NEAR(values<double>(out.points, "accuracy_max")[0], 0.55, 1e-12);
    EXPECT_NEAR(values<double>(out.points, "loss")[0], 0.5, 1e-12);
    // t of one degree of freedom at 95 % is 12.706: cut to [0, 1].
    EXPECT_EQ(values<double>(out.points, "accuracy_ci_low")[0], 0.0);
    EXPECT_EQ(values<double>(out.points, "accuracy_ci_high")[0], 1.0);
    EXPECT_THAT(values<std::string>(out.points, "accuracy_ci_kind"),
                ElementsAre("student_t", "resolution"));
    EXPECT_NEAR(values<double>(out.points, "energy")[0], 3.5e-9, 1e-20);
    EXPECT_THAT(values<std::int64_t>(out.points, "n_trials"), ElementsAre(4, 4));
    EXPECT_THAT(values<std::int64_t>(out.points, "conversions"), ElementsAre(100, 101));
}

// The same sums over 5 positions of 2 images; perplexities stand beside the losses.
TEST(Aggregate, PositionsAreCountedEach) {
    PlanRecord plan = small_plan();
    const ResultColumns images_only = aggregate_of(plan, full_table());
    for (const Column& column : images_only.points)
        EXPECT_EQ(column.name.find("perplexity"), std::string::npos);
    plan.positions = 5;
    PointFacts facts = point_facts_from_json(nlohmann::json::parse(plan.points[0].derived));
    facts.float_loss = 0.25;
    facts.quantised_loss = 1.0;
    plan.points[0].derived = to_json(facts).dump();
    const ResultColumns out = aggregate_of(plan, full_table());
    EXPECT_NEAR(values<double>(out.points, "accuracy")[0], 0.1, 1e-12);
    EXPECT_NEAR(values<double>(out.points, "loss")[0], 0.1, 1e-12);
    EXPECT_NEAR(values<double>(out.points, "perplexity")[0], std::exp(0.1), 1e-12);
    // All chips have the same loss, so that Student's interval has no width.
    EXPECT_NEAR(values<double>(out.points, "perplexity_ci_low")[0], std::exp(0.1), 1e-12);
    EXPECT_NEAR(values<double>(out.points, "perplexity_ci_high")[0], std::exp(0.1), 1e-12);
    EXPECT_NEAR(values<double>(out.points, "float_perplexity")[0], std::exp(0.25), 1e-12);
    EXPECT_NEAR(values<double>(out.points, "baseline_perplexity")[0], std::exp(1.0), 1e-12);
    EXPECT_TRUE(std::isnan(values<double>(out.points, "float_perplexity")[1]));
    // Half an item of 50 on each side.
    EXPECT_NEAR(values<double>(out.points, "accuracy_ci_low")[1], 0.04 - 0.01, 1e-12);
    // Wilson's interval counts the images alone.
    EXPECT_EQ(values<double>(out.points, "accuracy_image_half_width")[0],
              wilson_half_width(values<double>(out.points, "accuracy")[0], images));
}

TEST(Aggregate, FrontHoldsWhatNothingBeats) {
    Trials table = full_table();  // point 0 is better in both
    EXPECT_THAT(
        values<std::int64_t>(aggregate_of(small_plan(), table).points, "pareto_tops_per_watt"),
        ElementsAre(1, 0));
    for (StoredTrial& t : table)
        if (t.result.unit.point == 1 && t.result.unit.first_image == 0) t.result.correct = 4;
    EXPECT_THAT(
        values<std::int64_t>(aggregate_of(small_plan(), table).points, "pareto_tops_per_watt"),
        ElementsAre(1, 1));
}

TEST(Aggregate, AnUnfinishedTrialDoesNotCount) {
    Trials table = full_table();
    // The last block of the last trial of point 0 is missing, and all but one block of point 1.
    std::erase_if(table, [](const StoredTrial& t) {
        const WorkUnit& u = t.result.unit;
        return u.point == 0 ? u.chip == 1 && u.repeat == 1 && u.first_image == 8
                            : u != WorkUnit{1, 0, 0, 4, 4};
    });
    const ResultColumns out = aggregate_of(small_plan(), table);
    EXPECT_THAT(values<std::string>(out.points, "status"), ElementsAre("partial", "pending"));
    EXPECT_THAT(values<std::int64_t>(out.points, "n_trials"), ElementsAre(3, 0));
    EXPECT_NEAR(values<double>(out.points, "accuracy")[0], (0.55 + 0.4) / 2, 1e-12);
    EXPECT_TRUE(std::isnan(values<double>(out.points, "accuracy")[1]));
    EXPECT_EQ(values<std::int64_t>(out.points, "pareto_tops_per_watt")[1], 0);
}

TEST(Aggregate, NothingFinished) {
    const ResultColumns out = aggregate_of(small_plan(), {});
    EXPECT_THAT(values<std::string>(out.points, "status"), ElementsAre("pending", "pending"));
    EXPECT_THAT(values<std::string>(out.points, "accuracy_ci_kind"), ElementsAre("none", "none"));
    for (const char* name : {"accuracy", "accuracy_ci_low", "loss", "agreement"})
        EXPECT_TRUE(std::isnan(values<double>(out.points, name)[0])) << name;
    EXPECT_TRUE(std::isnan(values<double>(out.layers, "csnr")[0]));
    EXPECT_EQ(values<double>(out.points, "baseline_accuracy")[0], 0.75);  // known before any trial
}

TEST(Aggregate, ADeterministicPointHasAnExactInterval) {
    Trials table;  // every trial of a point gives the same bits
    for (std::uint32_t p = 0; p < 2; ++p)
        for (std::uint32_t c = 0; c < 2; ++c)
            for (std::uint32_t r = 0; r < 2; ++r) add_trial(table, p, c, r, 3);
    const ResultColumns out = aggregate_of(small_plan(true), table);
    EXPECT_EQ(values<std::string>(out.points, "accuracy_ci_kind")[1], "exact");
    EXPECT_NEAR(values<double>(out.points, "accuracy")[1], 0.3, 1e-12);
    EXPECT_EQ(values<double>(out.points, "accuracy_ci_low")[1],
              values<double>(out.points, "accuracy")[1]);
    EXPECT_EQ(values<double>(out.points, "accuracy_ci_high")[1],
              values<double>(out.points, "accuracy")[1]);
}

// Sums of the outputs y = -3 and 5 with the errors e = -1.5 and 0.5, in steps of 2^-8.
LayerSums two_outputs() {
    LayerSums s;
    for (const auto& [y, e] : {std::pair{-3, -384}, std::pair{5, 128}}) {
        const std::int64_t y8 = y * 256, e8 = e;
        s.outputs += 1;
        s.y.add(y8);
        s.e.add(e8);
        s.yy.add(y8 * y8);
        s.ee.add(e8 * e8);
        s.ye.add(y8 * e8);
    }
    return s;
}

TEST(Aggregate, LayersAddOverBlocksOfAllTrials) {
    Trials table = full_table();
    for (StoredTrial& t : table)
        if (t.result.unit.point == 0) t.result.layers[0] = two_outputs();
    const ResultColumns out = aggregate_of(small_plan(), table);
    EXPECT_THAT(values<std::int64_t>(out.layers, "point"), ElementsAre(0, 1));
    EXPECT_THAT(values<std::string>(out.layers, "path"), ElementsAre("table", "table"));
    EXPECT_EQ(values<std::int64_t>(out.layers, "outputs")[0], 2 * 3 * 4);
    EXPECT_NEAR(values<double>(out.layers, "error_mean")[0], -0.5, 1e-12);
    EXPECT_NEAR(values<double>(out.layers, "error_sd")[0], 1.0, 1e-12);
    EXPECT_NEAR(values<double>(out.layers, "output_sd")[0], 4.0, 1e-12);
    EXPECT_NEAR(values<double>(out.layers, "csnr")[0], 10.0 * std::log10(16.0), 1e-9);
}

TEST(Aggregate, WithoutErrorTheRatioIsInfinite) {
    Trials table = full_table();
    for (StoredTrial& t : table) {
        t.result.layers[0] = two_outputs();
        t.result.layers[0].e = t.result.layers[0].ee = t.result.layers[0].ye = {};
    }
    const ResultColumns out = aggregate_of(small_plan(), table);
    EXPECT_EQ(values<double>(out.layers, "csnr")[0], std::numeric_limits<double>::infinity());
    EXPECT_EQ(values<double>(out.layers, "error_sd")[0], 0.0);
}

// A segment of another version, or of somebody else, is no broken contract.
TEST(Aggregate, ImpossibleTrialsAreRefused) {
    Trials layers = full_table();
    layers.back().result.layers.resize(2);
    EXPECT_THROW(aggregate_of(small_plan(), layers), InputError);
    EXPECT_THROW(aggregate_of(small_plan(true), full_table()), InputError);  // accuracies differ
}

// Accuracies are exact fractions: the sum of blocks may not depend on how a trial is cut.
TEST(Aggregate, BlocksOfAnySizeGiveTheSame) {
    PlanRecord whole = small_plan();
    whole.block_images = images;
    Trials table;
    const std::uint32_t correct[2][2][2] = {{{6, 5}, {4, 5}}, {{2, 2}, {2, 2}}};
    for (std::uint32_t p = 0; p < 2; ++p)
        for (std::uint32_t c = 0; c < 2; ++c)
            for (std::uint32_t r = 0; r < 2; ++r) {
                StoredTrial t = block(p, c, r, 0, correct[p][c][r]);
                t.result.unit.images = images;
                t.result.cross_entropy = std::int64_t{images} << 31;
                table.push_back(t);
            }
    const ResultColumns a = aggregate_of(whole, table),
                        b = aggregate_of(small_plan(), full_table());
    for (const char* name : {"accuracy", "accuracy_ci_low", "accuracy_p95", "loss", "agreement"})
        EXPECT_EQ(values<double>(a.points, name), values<double>(b.points, name)) << name;
}

}  // namespace
}  // namespace acim
