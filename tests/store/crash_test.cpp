// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/store/trial_table.hpp"
#include "tests/store/fixture.hpp"

namespace acim {
namespace {

// Stores missing trials without end and tells the pipe how many are complete.
[[noreturn]] void write_until_killed(const std::filesystem::path& path, int pipe,
                                     unsigned attempt) {
    PlanRecord plan = fixture::small_plan();
    plan.chips = 4000;
    const auto run = RunDirectory::create_or_open(path, plan);
    SegmentWriter writer(run, std::to_string(attempt), {5, std::chrono::milliseconds(5), 4});
    std::uint64_t told = 0;
    for (std::uint32_t i = 0;; ++i) {
        writer.append(fixture::trial_of(plan, {0, i, attempt % 2, 0, 128}));
        const std::uint64_t complete = writer.complete();
        if (complete != told) {
            told = complete;
            if (write(pipe, &told, sizeof told) != sizeof told) {
                _exit(1);
            }
        }
    }
}

// 50 writers are killed at random moments within 60 ms of their first report. Whatever any of them
// reported complete is there, every row is right, and the directory is never unreadable.
TEST(Crash, KilledWritersLoseNothingTheyReported) {
    const fixture::Scratch scratch;
    PlanRecord plan = fixture::small_plan();
    plan.chips = 4000;
    std::mt19937 random(17);
    std::map<unsigned, std::uint64_t> reported;  // by repeat: trials are chip 0, 1, 2...
    std::uint64_t all_reported = 0;
    for (unsigned attempt = 0; attempt < 50; ++attempt) {
        int pipes[2];
        ASSERT_EQ(pipe(pipes), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            close(pipes[0]);
            write_until_killed(scratch / "run", pipes[1], attempt);
        }
        close(pipes[1]);
        if (random() % 5 != 0) {  // some are killed while they start
            std::uint64_t first = 0;
            ASSERT_EQ(read(pipes[0], &first, sizeof first), ssize_t{sizeof first});
            reported[attempt % 2] = std::max(reported[attempt % 2], first);
        }
        usleep(static_cast<useconds_t>(random() % 60000));
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
        std::uint64_t complete = 0;
        while (read(pipes[0], &complete, sizeof complete) == ssize_t{sizeof complete}) {
            reported[attempt % 2] = std::max(reported[attempt % 2], complete);
        }
        close(pipes[0]);
        all_reported += complete;
    }
    const TrialTable table = load_trials({scratch / "run"}, plan);
    EXPECT_TRUE(table.warnings.empty()) << table.warnings.front();
    std::map<unsigned, std::uint64_t> found;
    TrialTableBuilder right(plan);
    for (const WorkUnit& unit : table.units) {
        right.add(fixture::trial_of(plan, unit));
        std::uint64_t& next = found[unit.repeat];
        EXPECT_EQ(unit.chip, next) << "a hole among the stored trials";
        next += 1;
    }
    TrialTable expected = right.finish();
    expected.segments = table.segments;
    EXPECT_TRUE(table == expected) << "a stored row is wrong";
    EXPECT_GT(all_reported, 100U);
    for (const auto& [repeat, complete] : reported) {
        EXPECT_GE(found[repeat], complete);
    }
}

}  // namespace
}  // namespace acim
