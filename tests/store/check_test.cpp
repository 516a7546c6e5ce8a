// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"
#include "host/store/check.hpp"
#include "host/store/sealed_file.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using fixture::small_plan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void flip(const std::filesystem::path& path, std::size_t at) {
    auto bytes = read_whole_file(path);
    bytes.at(at) ^= std::byte{0x20};
    write_file_atomically(path, bytes);
}

TEST(Check, CountsAGoodRunAndNamesDamage) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(run, std::span(trials).first(40), 10);
    merge_runs({run.path()}, run.results(), fixture::aggregate);
    CheckReport report = check_run(run.path());
    EXPECT_TRUE(report.good());
    EXPECT_THAT(report.notes, IsEmpty());
    EXPECT_EQ(report.segments, 4U);
    EXPECT_EQ(report.trials, 40U);
    EXPECT_EQ(report.missing, 32U);
    EXPECT_EQ(check_run(run.results()).trials, 40U);
    const auto victim = fixture::files_in(run.segments())[1];
    EXPECT_EQ(check_run(victim).trials, 10U);
    flip(victim, 5000);
    flip(run.results(), 3000);
    std::ofstream(run.segments() / ".seg.h5.1.tmp") << "x";
    report = check_run(run.path());
    EXPECT_THAT(report.damaged, ElementsAre(HasSubstr(victim.string()), HasSubstr("results.h5")));
    EXPECT_THAT(report.notes, ElementsAre(HasSubstr(".tmp")));
    EXPECT_EQ(report.missing, 42U);
    EXPECT_FALSE(check_run(run.results()).good());
}

TEST(Check, WithoutASealTheContentsAreRead) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    const auto run = RunDirectory::create_or_open(scratch / "run", plan);
    fixture::store(run, fixture::all_trials(plan));
    merge_runs({run.path()}, run.results(), fixture::aggregate);
    const auto bytes = read_whole_file(run.results());
    write_file_atomically(run.results(), check_seal(bytes).image);
    const CheckReport report = check_run(run.results());
    EXPECT_TRUE(report.good());
    EXPECT_THAT(report.notes, ElementsAre(HasSubstr("no seal")));
}

TEST(Check, OtherPathsAreRefused) {
    const Scratch scratch;
    std::ofstream(scratch / "text") << "not HDF5";
    EXPECT_THROW(check_run(scratch / "text"), InputError);
    EXPECT_THROW(check_run(scratch / "none"), InputError);
    EXPECT_THROW(check_run(scratch.path()), InputError);
}

}  // namespace
}  // namespace acim
