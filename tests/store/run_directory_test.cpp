// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/core/sha256.hpp"
#include "host/store/attempt.hpp"
#include "host/store/plan_json.hpp"
#include "host/store/trial_table.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

using fixture::Scratch;
using fixture::small_plan;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <class Error>
std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing of that kind thrown";
}

TEST(Plan, TextAndBackIsTheSamePlan) {
    const PlanRecord plan = small_plan();
    const PlanRecord back = plan_from_json(plan_to_json(plan), "p");
    EXPECT_EQ(plan_to_json(back), plan_to_json(plan));
    EXPECT_EQ(back.seed, plan.seed);
    EXPECT_EQ(back.points[1].parameters, plan.points[1].parameters);
}

TEST(Plan, HashIgnoresCommentsAndCodeOnly) {
    PlanRecord plan = small_plan();
    const std::string hash = plan_sha256(plan);
    plan.sweep_text += "# a comment\n";
    plan.code_version = "0.1.1";
    EXPECT_EQ(plan_sha256(plan), hash);
    plan.chips += 1;
    EXPECT_NE(plan_sha256(plan), hash);
}

TEST(Plan, UnitsCoverEveryImageOnce) {
    const PlanRecord plan = small_plan();
    const auto units = fixture::planned_units(plan);
    EXPECT_EQ(units.size(), 6U * 2 * 2 * 3);
    EXPECT_TRUE(std::is_sorted(units.begin(), units.end()));
    EXPECT_EQ(units[2], (WorkUnit{0, 0, 0, 256, 44}));
    EXPECT_TRUE(is_planned(plan, units[2]));
    EXPECT_FALSE(is_planned(plan, {0, 0, 0, 256, 128}));
    EXPECT_FALSE(is_planned(plan, {0, 0, 0, 100, 128}));
    EXPECT_FALSE(is_planned(plan, {6, 0, 0, 0, 128}));
    EXPECT_FALSE(is_planned(plan, {0, 2, 0, 0, 128}));
}

TEST(RunDirectory, TheSamePlanResumes) {
    const Scratch scratch;
    const PlanRecord plan = small_plan();
    RunDirectory::create_or_open(scratch / "run", plan);
    const std::string before = fixture::text_of(scratch / "run/plan.json");
    const auto again = RunDirectory::create_or_open(scratch / "run", plan);
    EXPECT_EQ(fixture::text_of(again.plan_path()), before);
    EXPECT_EQ(plan_sha256(RunDirectory::open(scratch / "run").plan()), plan_sha256(plan));
}

TEST(RunDirectory, GrowingASweepKeepsEveryStoredTrial) {
    const Scratch scratch;
    PlanRecord plan = small_plan();
    const auto first = RunDirectory::create_or_open(scratch / "run", plan);
    const auto trials = fixture::all_trials(plan);
    fixture::store(first, trials);
    plan.chips = 3;
    plan.repeats = 4;
    plan.images = 384;       // the last block of a trial grows: 12 of 300 images each run again
    plan.block_images = 64;  // stays 128
    PlanPoint added = plan.points[0];
    added.id = sha256_hex("new point");
    plan.points.insert(plan.points.begin(), added);
    EXPECT_THAT(
        message_of<InputError>([&] { RunDirectory::create_or_open(scratch / "run", plan); }),
        AllOf(HasSubstr("6 there, 7 now points; 2 there, 3 now chips; 2 there, 4 now repeats"),
              HasSubstr("--extend"), HasSubstr("-o")));
    EXPECT_EQ(plan_sha256(RunDirectory::open(scratch / "run").plan()), plan_sha256(small_plan()))
        << "a refusal changes nothing";
    const auto grown = RunDirectory::create_or_open(scratch / "run", plan, PlanChange::extend);
    const auto before = fixture::files_in(scratch / "run/plans");
    ASSERT_EQ(before.size(), 1U);
    EXPECT_EQ(fixture::text_of(before[0]), plan_to_json(small_plan()));
    EXPECT_EQ(grown.plan().block_images, 128U);
    const TrialTable table = load_trials({grown.path()}, grown.plan());
    const std::size_t kept = 6 * 2 * 2 * 2;
    EXPECT_EQ(table.rows(), kept);
    EXPECT_EQ(table.unplanned, trials.size() - kept);
    EXPECT_EQ(fixture::missing_units(grown.plan(), table).size(), 7U * 3 * 4 * 3 - kept);
    EXPECT_EQ(table.units.front().point, 1U) << "points are found by id";
    // Back to the old plan: everything counts again.
    const auto back =
        RunDirectory::create_or_open(scratch / "run", small_plan(), PlanChange::extend);
    EXPECT_TRUE(
        fixture::missing_units(back.plan(), load_trials({back.path()}, back.plan())).empty());
}

TEST(RunDirectory, APlanWithoutBaselinesWaitsForThem) {
    const Scratch scratch;
    PlanRecord plan = small_plan();
    const std::string with = plan_to_json(plan);
    plan.baselines = false;
    plan.points[0].derived = "{\"float_accuracy\":null}";
    RunDirectory::create_or_open(scratch / "run", plan);
    EXPECT_FALSE(RunDirectory::open(scratch / "run").plan().baselines);
    RunDirectory::create_or_open(scratch / "run", small_plan());
    EXPECT_EQ(fixture::text_of(scratch / "run/plan.json"), with);
    const auto again = RunDirectory::create_or_open(scratch / "run", plan);
    EXPECT_EQ(fixture::text_of(scratch / "run/plan.json"), with);
    EXPECT_TRUE(again.plan().baselines);
}

TEST(RunDirectory, AnotherSeedOrModelOrDataIsRefused) {
    const Scratch scratch;
    RunDirectory::create_or_open(scratch / "run", small_plan());
    PlanRecord plan = small_plan();
    plan.seed = 5;
    EXPECT_THAT(
        message_of<InputError>([&] { RunDirectory::create_or_open(scratch / "run", plan); }),
        AllOf(HasSubstr("seed: this directory holds trials of 18446744073709551601"),
              HasSubstr("asks for 5"), HasSubstr("-o")));
    plan = small_plan();
    plan.model_version = 4;
    EXPECT_THAT(
        message_of<InputError>([&] { RunDirectory::create_or_open(scratch / "run", plan); }),
        HasSubstr("model_version"));
    plan = small_plan();
    plan.data_hash = "other";
    EXPECT_THAT(
        message_of<InputError>([&] { RunDirectory::create_or_open(scratch / "run", plan); }),
        HasSubstr("data"));
    EXPECT_EQ(plan_sha256(RunDirectory::open(scratch / "run").plan()), plan_sha256(small_plan()));
}

TEST(RunDirectory, ForeignOrBrokenPlacesAreNamed) {
    const Scratch scratch;
    EXPECT_THAT(message_of<InputError>([&] { RunDirectory::open(scratch / "none"); }),
                HasSubstr("no plan.json"));
    std::ofstream(scratch / "file") << "x";
    EXPECT_THAT(message_of<InputError>(
                    [&] { RunDirectory::create_or_open(scratch / "file", small_plan()); }),
                HasSubstr("not a directory"));
    EXPECT_THAT(
        message_of<InputError>([&] { RunDirectory::create_or_open(scratch.path(), small_plan()); }),
        HasSubstr("no plan.json of a run"));
    EXPECT_THAT(message_of<StorageError>(
                    [&] { RunDirectory::create_or_open("/proc/acim/run", small_plan()); }),
                HasSubstr("/proc/acim"));
    RunDirectory::create_or_open(scratch / "run", small_plan());
    const std::string text = fixture::text_of(scratch / "run/plan.json");
    std::ofstream(scratch / "run/plan.json") << text.substr(0, text.size() / 2);
    EXPECT_THAT(message_of<InputError>([&] { RunDirectory::open(scratch / "run"); }),
                HasSubstr("damaged plan"));
}

TEST(RunDirectory, WhatWillBeRefusedIsKnownBeforeCalibration) {
    const Scratch scratch;
    const auto refused = [&](const PlanRecord& plan, PlanChange change = PlanChange::refuse) {
        return message_of<InputError>(
            [&] { RunDirectory::check_plan(scratch / "run", plan, change); });
    };
    const auto place = [&](const std::filesystem::path& path) {
        return message_of<InputError>([&] { RunDirectory::check_place(path); });
    };
    const std::string nothing = message_of<InputError>([] {});
    EXPECT_EQ(refused(small_plan()), nothing);
    EXPECT_EQ(place(scratch / "a/b"), nothing);
    RunDirectory::create_or_open(scratch / "run", small_plan());
    EXPECT_EQ(place(scratch / "run"), nothing);
    EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
    PlanRecord plan = small_plan();
    for (PlanPoint& point : plan.points) point.id = point.network_hash = "not known yet";
    EXPECT_EQ(refused(plan), nothing);
    plan.points[3].canonical_json = "{}";
    EXPECT_THAT(refused(plan), AllOf(HasSubstr("point 3 is another one"), HasSubstr("--extend")));
    EXPECT_EQ(refused(plan, PlanChange::extend), nothing);
    plan.chips += 1;
    EXPECT_THAT(refused(plan), HasSubstr("2 there, 3 now chips"));
    plan.seed = 5;
    EXPECT_THAT(refused(plan, PlanChange::extend), HasSubstr("seed: this directory holds trials"));
    std::ofstream(scratch / "file") << "x";
    std::filesystem::create_symlink("nowhere", scratch / "link");
    EXPECT_THAT(place(scratch / "file"), HasSubstr("/file is a file, not a directory"));
    EXPECT_THAT(place(scratch / "link"), HasSubstr("/link is a broken link, not a directory"));
    EXPECT_THAT(message_of<StorageError>([&] { RunDirectory::check_place(scratch / "file/run"); }),
                HasSubstr("/file is a file, not a directory"));
    EXPECT_THAT(place(scratch.path()), HasSubstr("no plan.json of a run"));
}

TEST(RunDirectory, ReadOnlyFileSystemIsAStorageError) {
    const Scratch scratch;
    std::filesystem::create_directory(scratch / "mount");
    if (mount("acim-test", (scratch / "mount").c_str(), "tmpfs", 0, "size=1m") != 0) {
        GTEST_SKIP() << "needs the right to mount a tmpfs";
    }
    RunDirectory::create_or_open(scratch / "mount/run", small_plan());
    mount("acim-test", (scratch / "mount").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m");
    const std::string message = message_of<StorageError>(
        [&] { RunDirectory::create_or_open(scratch / "mount/run", small_plan()); });
    const std::string early =
        message_of<StorageError>([&] { RunDirectory::check_place(scratch / "mount/new/run"); });
    umount((scratch / "mount").c_str());
    EXPECT_THAT(message, HasSubstr("not writable"));
    EXPECT_THAT(early, AllOf(HasSubstr("mount is not writable"), HasSubstr("-o")));
}

TEST(Attempt, EachHasItsOwnFile) {
    const Scratch scratch;
    const auto run = RunDirectory::create_or_open(scratch / "run", small_plan());
    Attempt later;
    later.token = "b";
    later.start = "2026-01-02T00:00:00Z";
    later.host = "node7";
    record_attempt(run, later);
    Attempt earlier;
    earlier.token = "a";
    earlier.start = "2026-01-01T00:00:00Z";
    earlier.host = "node6";
    record_attempt(run, earlier);
    later.stop = "2026-01-02T00:01:00Z";
    later.units_done = 99;
    record_attempt(run, later);
    std::ofstream(run.runs() / "damaged.json") << "{";
    const auto attempts = load_attempts(run);
    ASSERT_EQ(attempts.size(), 2U);
    EXPECT_EQ(attempts[0].host, "node6");
    EXPECT_EQ(attempts[1].units_done, 99U);
}

TEST(Attempt, SeemsAliveWhileItReports) {
    Attempt attempt;
    attempt.updated = 1000;
    EXPECT_TRUE(seems_alive(attempt, 1000));
    EXPECT_TRUE(seems_alive(attempt, 1029));
    EXPECT_FALSE(seems_alive(attempt, 1030));
    EXPECT_FALSE(seems_alive(attempt, 900));  // from the future
    attempt.stop = "2026-01-02T00:01:00Z";
    EXPECT_FALSE(seems_alive(attempt, 1000));
}

TEST(Attempt, TheProcessStandsInItsFile) {
    const Scratch scratch;
    const auto run = RunDirectory::create_or_open(scratch / "run", small_plan());
    Attempt attempt;
    attempt.token = "a";
    attempt.pid = 4711;
    record_attempt(run, attempt);
    EXPECT_EQ(load_attempts(run.path()).at(0).pid, 4711);
    // Files of before have none.
    const auto file = run.runs() / "a.json";
    std::ifstream in(file);
    auto json = nlohmann::json::parse(in);
    json.erase("pid");
    std::ofstream(file) << json.dump();
    EXPECT_EQ(load_attempts(run).at(0).pid, 0);
}

}  // namespace
}  // namespace acim
