// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

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
    ASSERT_EQ(table.rows(), expected.size());
    std::vector<std::vector<LayerSums>> layers(plan.points.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const TrialResult& result = expected[i].result;
        EXPECT_EQ(table.units[i], result.unit);
        EXPECT_EQ(table.correct[i], result.correct);
        EXPECT_EQ(table.agree[i], result.agree);
        EXPECT_EQ(table.cross_entropy[i], result.cross_entropy);
        std::vector<std::uint8_t> bits = result.correct_bits;
        bits.resize(16);  // of 128 images
        EXPECT_TRUE(std::equal(bits.begin(), bits.end(),
                               table.correct_bits.begin() + static_cast<std::ptrdiff_t>(16 * i)));
        auto& sums = layers[result.unit.point];
        sums.resize(result.layers.size());
        for (std::size_t l = 0; l < sums.size(); ++l) {
            sums[l].add(result.layers[l]);
        }
    }
    EXPECT_EQ(table.layers, layers);
    EXPECT_TRUE(fixture::missing_units(plan, table).empty());
}

// A listing may show a segment that its worker folds into another before it is read.
TEST(TrialTable, ASegmentThatIsFoldedMeanwhileIsFoundInItsPlace) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    for (int round = 0; round < 4; ++round) {
        std::thread worker([&] {
            SegmentWriter writer(run, "0/1", {1, std::chrono::hours(1), 4});
            for (const StoredTrial& trial : trials) {
                writer.append(trial);
            }
        });
        std::size_t before = 0;
        for (int i = 0; i < 5; ++i) {
            const TrialTable table = load_trials({run.path()}, plan);
            EXPECT_TRUE(table.warnings.empty());
            EXPECT_GE(table.rows(), before) << "a trial that was there is gone";
            before = table.rows();
        }
        worker.join();
        EXPECT_EQ(load_trials({run.path()}, plan).rows(), trials.size());
        std::filesystem::remove_all(run.segments());
        std::filesystem::create_directory(run.segments());
    }
}

TEST(TrialTable, EqualDuplicatesCountOnce) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(run, trials);
    fixture::store(run, trials);
    EXPECT_EQ(load_trials({run.path(), run.path()}, plan).rows(), trials.size());
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
    const auto missing = fixture::missing_units(plan, table);
    EXPECT_EQ(missing.size() + table.rows(), trials.size());
    EXPECT_GE(missing.size(), 1U);
    std::vector<StoredTrial> rest;
    for (const WorkUnit& unit : missing) {
        rest.push_back(fixture::trial_of(plan, unit));
    }
    fixture::store(run, rest);
    EXPECT_TRUE(fixture::missing_units(plan, load_trials({run.path()}, plan)).empty());
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
