// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/hdf5/image_writer.hpp"
#include "host/store/merge.hpp"
#include "host/store/plan_json.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;
using fixture::Scratch;
using fixture::small_plan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Results, OneWriterAndThreeShardsInAnyOrderAreEqualBytes) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto trials = fixture::all_trials(plan);
    fixture::store(RunDirectory::create_or_open(scratch / "one", plan), trials, 1000);
    merge_runs({scratch / "one"}, scratch / "one.h5", fixture::aggregate);
    const std::string expected = fixture::text_of(scratch / "one.h5");
    std::mt19937 random(9);
    std::vector<fs::path> shards;
    for (std::size_t s = 0; s < 3; ++s) {
        std::vector<StoredTrial> own;
        for (std::size_t i = 0; i < trials.size(); ++i) {
            if (i % 3 == s || i % 5 == 0) {  // every fifth trial is stored by all three
                own.push_back(trials[i]);
            }
        }
        std::shuffle(own.begin(), own.end(), random);
        shards.push_back(scratch / ("shard" + std::to_string(s)));
        PlanRecord own_plan = plan;
        fixture::store(RunDirectory::create_or_open(shards.back(), own_plan), own, 1 + 4 * s);
    }
    std::sort(shards.begin(), shards.end());
    do {
        merge_runs(shards, scratch / "merged.h5", fixture::aggregate);
        EXPECT_EQ(fixture::text_of(scratch / "merged.h5"), expected);
    } while (std::next_permutation(shards.begin(), shards.end()));
}

TEST(Results, TablesHoldWhatWasGiven) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    const TrialTable table = merge_runs({run.path()}, run.results(), fixture::aggregate).table;
    const auto in = open_results(run.results());
    EXPECT_EQ(in.attribute<std::uint64_t>("/", "seed"), plan.seed);
    EXPECT_EQ(in.attribute<int>("/", "sweep_complete"), 1);
    EXPECT_EQ(in.attribute_text("/", "plan_sha256"), plan_sha256(plan));
    EXPECT_EQ(in.read<std::int64_t>("/macro.adc.bits"),
              (std::vector<std::int64_t>{4, 5, 6, 4, 5, 6}));
    EXPECT_EQ(in.attribute_text("/macro.noise.random.sigma", "units"), "lsb");
    EXPECT_EQ(in.attribute_text("/layers.|conv1|Conv.mode", "spec_path"),
              "layers./conv1/Conv.mode");
    EXPECT_EQ(in.read<int>("/macro.input.signed"), (std::vector<int>{0, 1, 0, 0, 1, 0}));
    const auto levels = in.read<double>("/macro.hybrid.levels");
    EXPECT_TRUE(std::isnan(levels[0]) && levels[1] == 1.0) << "absent in some points: NaN";
    EXPECT_THAT(in.dims("/trials/correct_bits"), ElementsAre(72, 16));
    const auto bits = in.read_rows<std::uint8_t>("/trials/correct_bits", 71, 1);
    EXPECT_TRUE(std::equal(bits.begin(), bits.end(), table.correct_bits.begin() + 71 * 16));
    EXPECT_EQ(in.read<std::int64_t>("/trials/cross_entropy")[3],
              fixture::all_trials(plan)[3].result.cross_entropy);
    EXPECT_EQ(in.read_strings("/layers/layer").size(), 16U);
    EXPECT_EQ(in.read_text("/provenance/sweep_yaml"), plan.sweep_text);
    EXPECT_EQ(in.read_text("/provenance/plan_json"), plan_head_to_json(plan));
}

TEST(Results, AnIncompleteSweepIsWrittenAndSaysSo) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    merge_runs({run.path()}, run.results(), fixture::aggregate);
    const auto in = open_results(run.results());
    EXPECT_EQ(in.attribute<int>("/", "sweep_complete"), 0);
    EXPECT_EQ(in.dims("/trials/point"), hdf5::Dims{0});
    EXPECT_TRUE(std::isnan(in.read<double>("/accuracy")[0]));
}

TEST(Results, OtherFilesAndVersionsAreRefused) {
    const Scratch scratch;
    hdf5::ImageWriter out;
    out.attribute("/", "schema_name", results_schema_name);
    out.attribute("/", "schema_version", std::int64_t{2});
    write_file_atomically(scratch / "v2.h5", out.image());
    EXPECT_THROW(open_results(scratch / "v2.h5"), InputError);
    write_file_atomically(scratch / "bare.h5", hdf5::ImageWriter().image());
    EXPECT_THROW(open_results(scratch / "bare.h5"), InputError);
}

TEST(Merge, DifferentPlansAreRefusedAndTextsDoNotDependOnOrder) {
    const Scratch scratch;
    PlanRecord plan = small_plan();
    fixture::store(RunDirectory::create_or_open(scratch / "a", plan), fixture::all_trials(plan));
    plan.sweep_text = "# another comment\n" + plan.sweep_text;
    RunDirectory::create_or_open(scratch / "b", plan);
    merge_runs({scratch / "a", scratch / "b"}, scratch / "ab.h5", fixture::aggregate);
    merge_runs({scratch / "b", scratch / "a"}, scratch / "ba.h5", fixture::aggregate);
    EXPECT_EQ(fixture::text_of(scratch / "ab.h5"), fixture::text_of(scratch / "ba.h5"));
    plan.chips = 9;
    RunDirectory::create_or_open(scratch / "c", plan);
    try {
        merge_runs({scratch / "a", scratch / "c"}, scratch / "ac.h5", fixture::aggregate);
        FAIL() << "mixed sweeps were merged";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr((scratch / "c").string()));
    }
    EXPECT_FALSE(fs::exists(scratch / "ac.h5"));
    EXPECT_THROW(merge_runs({scratch / "none"}, scratch / "n.h5", fixture::aggregate), InputError);
}

}  // namespace
}  // namespace acim
