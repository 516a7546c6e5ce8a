// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/program.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace acim {
namespace {

TEST(Program, BothStreamsArriveWhole) {
    const auto result = run_program(
        {"sh", "-c",
         "i=0; while [ $i -lt 20000 ]; do echo 12345 >&2; echo 1234; i=$((i+1)); done"});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output.size(), 20000U * 5);  // above what a pipe holds
    EXPECT_EQ(result->errors.size(), 20000U * 6);
}

TEST(Program, TheEndIsTold) {
    EXPECT_EQ(run_program({"sh", "-c", "exit 7"})->exit_code, 7);
    EXPECT_EQ(run_program({"sh", "-c", "kill -KILL $$"})->exit_code, 137);
    EXPECT_EQ(run_program({"sh", "-c", "printf 'a\\nb\\n' >&2; exit 1"})->complaint(), "a; b");
    EXPECT_EQ(run_program({"false"})->complaint(), "exit code 1");
}

TEST(Program, AbsentOnesAreNoFailure) { EXPECT_FALSE(run_program({"acimsweep-no-such-program"})); }

TEST(Program, NothingReadsTheTerminalOrSqueuesSettings) {
    ::setenv("SQUEUE_STATES", "all", 1);
    const auto result = run_program({"sh", "-c", "cat; echo \"[$SQUEUE_STATES]\""});
    ::unsetenv("SQUEUE_STATES");
    EXPECT_EQ(result->output, "[]\n");
}

}  // namespace
}  // namespace acim
