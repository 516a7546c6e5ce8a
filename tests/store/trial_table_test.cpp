// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/trial_table.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using fixture::small_plan;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(TrialTable, IsSortedWhateverTheOrderOfArrival) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    auto trials = fixture::all_trials(plan);
    const auto expected = trials;
    std::mt19937 random(3);
    std::shuffle(trials.begin(), trials.end(), random);
    fixture::store(run, trials, 7);
    std::ofstream(run.segments() / ".seg-x.h5.0123.tmp") << "half a segment";
    const TrialTable table = load_trials({run.path()}, plan);
    EXPECT_TRUE(table.warnings.empty());
    EXPECT_EQ(table.segments, 11U);
    ASSERT_EQ(table.trials.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(table.trials[i].result, expected[i].result);
    }
    EXPECT_TRUE(missing_units(plan, table).empty());
}

TEST(TrialTable, EqualDuplicatesCountOnce) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(run, trials);
    fixture::store(run, trials);
    EXPECT_EQ(load_trials({run.path(), run.path()}, plan).trials.size(), trials.size());
}

TEST(TrialTable, DifferentDuplicatesNameBothFiles) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    StoredTrial trial = fixture::all_trials(plan)[5];
    fixture::store(run, {&trial, 1});
    trial.result.layers[1].ee.low ^= 1;  // one bit of one sum
    fixture::store(run, {&trial, 1});
    const auto files = fixture::files_in(run.segments());
    try {
        load_trials({run.path()}, plan);
        FAIL() << "two different results for one trial were taken";
    } catch (const StorageError& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr(files[0].string()), HasSubstr(files[1].string()),
                                        HasSubstr("chip")));
    }
}

TEST(TrialTable, DamagedSegmentsAreNamedAndTheirTrialsAreMissing) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(run, trials, 10);
    const auto victim = fixture::files_in(run.segments())[2];
    auto bytes = read_whole_file(victim);
    bytes[bytes.size() / 3] ^= std::byte{4};
    write_file_atomically(victim, bytes);
    const TrialTable table = load_trials({run.path()}, plan);
    ASSERT_EQ(table.warnings.size(), 1U);
    EXPECT_THAT(table.warnings[0], AllOf(HasSubstr(victim.string()), HasSubstr("run again")));
    const auto missing = missing_units(plan, table);
    EXPECT_EQ(missing.size() + table.trials.size(), trials.size());
    EXPECT_GE(missing.size(), 1U);
    std::vector<StoredTrial> rest;
    for (const WorkUnit& unit : missing) {
        rest.push_back(fixture::trial_of(plan, unit));
    }
    fixture::store(run, rest);
    EXPECT_TRUE(missing_units(plan, load_trials({run.path()}, plan)).empty());
}

TEST(TrialTable, SegmentsOfAnotherSeedAreRefused) {
    const Scratch scratch;
    PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    plan.seed = 1;
    EXPECT_THROW(load_trials({run.path()}, plan), InputError);
}

}  // namespace
}  // namespace acim
