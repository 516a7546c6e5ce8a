// SPDX-License-Identifier: Apache-2.0
// What trials say of every item: kept where the plan asks for it, from segment to results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/segment_file.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::plan_with_predictions;
using fixture::Scratch;
using fixture::small_plan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Throws;

std::string refusal(const std::function<void()>& action) {
    try {
        action();
    } catch (const std::runtime_error& error) {  // InputError, DamagedFile
        return error.what();
    }
    return "nothing refused";
}

TEST(Predictions, ComeBackFromSegmentsInTheOrderOfTheTable) {
    const Scratch scratch;
    const PlanRecord plan = plan_with_predictions();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(run, trials, 7);
    const TrialTable table = load_trials({run.path()}, plan);
    ASSERT_EQ(table.rows(), trials.size());
    ASSERT_EQ(table.predictions_width, 128U);
    for (std::size_t i = 0; i < trials.size(); ++i) {
        std::vector<std::uint16_t> expected = trials[i].result.predictions;
        ASSERT_EQ(expected.size(), trials[i].result.unit.images);
        expected.resize(128);  // the last block has 44 images
        const auto row = table.predictions.begin() + static_cast<std::ptrdiff_t>(128 * i);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), row)) << i;
    }
}

TEST(Predictions, StandInTheResultsBesideTheLabels) {
    const Scratch scratch;
    const PlanRecord plan = plan_with_predictions();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    merge_runs({run.path()}, run.results(), fixture::aggregate);
    const auto in = open_results(run.results());
    EXPECT_THAT(in.dims("/trials/predictions"), ElementsAre(72, 128));
    const auto labels = in.read<std::int64_t>("/items/label");
    EXPECT_TRUE(std::equal(labels.begin(), labels.end(), plan.labels.begin(), plan.labels.end()));
    const auto row = in.read_rows<std::uint16_t>("/trials/predictions", 71, 1);
    const auto expected = fixture::all_trials(plan)[71].result.predictions;
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), row.begin()));
    EXPECT_THAT(in.read_text("/provenance/plan_json"), ::testing::Not(HasSubstr("labels")));
}

// What a run without them writes is what it always was.
TEST(Predictions, AreNowhereUnlessAskedFor) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    const TrialTable table = merge_runs({run.path()}, run.results(), fixture::aggregate).table;
    EXPECT_TRUE(table.predictions.empty());
    const auto in = open_results(run.results());
    EXPECT_FALSE(in.exists("/trials/predictions"));
    EXPECT_FALSE(in.exists("/items"));
    EXPECT_THAT(plan_to_json(plan), ::testing::Not(HasSubstr("labels")));
}

TEST(Predictions, ThePlanNamesTheLabels) {
    const PlanRecord plan = plan_with_predictions();
    const std::string text = plan_to_json(plan);
    EXPECT_EQ(plan_from_json(text, "plan.json").labels, plan.labels);
    EXPECT_NE(plan_sha256(plan), plan_sha256(small_plan()));
    const auto with = [&](const std::string& labels) {
        std::string changed = text;
        const std::size_t begin = changed.find("\"labels\": \"") + 11;
        changed.replace(begin, changed.find('"', begin) - begin, labels);
        return refusal([&] { plan_from_json(changed, "plan.json"); });
    };
    EXPECT_THAT(with("1 2 3"), HasSubstr("plan.json: damaged plan (3 labels of 300 items)"));
    EXPECT_THAT(with("1 x 3"), HasSubstr("damaged plan (label 1 is no class)"));
    EXPECT_THAT(with("1  3"), HasSubstr("damaged plan (label 1 is no class)"));
    EXPECT_THAT(with("70000"), HasSubstr("damaged plan (label 0 is no class)"));
}

TEST(Predictions, ADirectoryHasThemInAllTrialsOrInNone) {
    const Scratch scratch;
    const PlanRecord with = plan_with_predictions(), without = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", with);
    const auto extend = [&] {
        RunDirectory::create_or_open(scratch / "run", without, PlanChange::extend);
    };
    EXPECT_THAT(refusal(extend), HasSubstr("trials.predictions: this directory holds trials of "
                                           "true, the sweep asks for false"));
    fixture::store(run, fixture::all_trials(with));
    EXPECT_THAT(refusal([&] { load_trials({run.path()}, without); }),
                HasSubstr("with predictions; the plan has seed 18446744073709551601"));
}

TEST(Predictions, OfAnEngineThatForgetsThemAreNotStored) {
    const Scratch scratch;
    const PlanRecord plan = plan_with_predictions();
    SegmentWriter writer(RunDirectory::create_or_open(scratch / "run", plan), "0");
    StoredTrial trial = fixture::all_trials(plan)[0];
    trial.result.predictions.pop_back();
    EXPECT_THAT([&] { writer.append(trial); }, Throws<ContractError>());
}

// Two copies of a trial that agree in everything else.
TEST(Predictions, DifferentOnesOfOneTrialAreRefused) {
    const Scratch scratch;
    const PlanRecord plan = plan_with_predictions();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    StoredTrial trial = fixture::all_trials(plan)[0];
    fixture::store(run, {&trial, 1});
    EXPECT_EQ(load_trials({run.path()}, plan).rows(), 1U);
    trial.result.predictions[100] ^= 1U;
    fixture::store(run, {&trial, 1});
    EXPECT_THROW(load_trials({run.path()}, plan), StorageError);
}

TEST(Predictions, TooNarrowForTheirImagesAreDamage) {
    const Scratch scratch;
    const PlanRecord plan = plan_with_predictions();
    StoredTrial trial = fixture::all_trials(plan)[0];
    trial.result.predictions.pop_back();  // the writer refuses it, the encoder does not look
    write_file_atomically(scratch / "s.h5", encode_segment(origin_of(plan), {&trial, 1}));
    EXPECT_THAT(refusal([&] { read_segment(scratch / "s.h5"); }),
                HasSubstr("damaged segment (/trials/predictions is too narrow)"));
}

}  // namespace
}  // namespace acim
