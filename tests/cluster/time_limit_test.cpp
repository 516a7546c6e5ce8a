// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/time_limit.hpp"

#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

TEST(TimeLimit, AllFormsOfSlurm) {
    EXPECT_EQ(time_limit_seconds("90"), 5400U);
    EXPECT_EQ(time_limit_seconds("1:30"), 90U);
    EXPECT_EQ(time_limit_seconds("2:00:01"), 7201U);
    EXPECT_EQ(time_limit_seconds("1-2"), 93600U);
    EXPECT_EQ(time_limit_seconds("1-0:30"), 88200U);
    EXPECT_EQ(time_limit_seconds("1-0:0:5"), 86405U);
    EXPECT_FALSE(time_limit_seconds(""));
    EXPECT_FALSE(time_limit_seconds("UNLIMITED"));
}

TEST(TimeLimit, AnythingElseIsRefused) {
    for (const char* text :
         {"0", "x", "1h", "1:2:3:4", "1-1:2:3:4", "-5", "1-", "99999999999", " 5"})
        test::expect_refusal([&] { (void)time_limit_seconds(text); }, text);
}

TEST(TimeLimit, ShortLimitsAreWarnedOfLater) {
    EXPECT_EQ(warning_seconds(std::nullopt), 120U);
    EXPECT_EQ(warning_seconds(86400), 120U);
    EXPECT_EQ(warning_seconds(300), 60U);
    EXPECT_EQ(warning_seconds(60), 12U);
    EXPECT_EQ(warning_seconds(1), 10U);
    EXPECT_EQ(clock_text(90061), "25:01:01");
}

}  // namespace
}  // namespace acim
