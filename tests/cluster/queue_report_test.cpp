// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/queue_report.hpp"

#include <gtest/gtest.h>

namespace acim {
namespace {

const JobRecord record{"tiny", 12, 13, "acim-x", 8, "0-7", "login", "t"};

TEST(SlurmQueue, LinesOfSqueue) {
    const auto queue = parse_queue(
        "12|3|RUNNING|None|acim-x\n"
        "12|4|PENDING|Resources|acim-x\n"
        "13|N/A|PENDING|Dependency|acim-x-merge\n"
        "12|5|PENDING|launch failed requeued held|acim-x\n"
        "squeue: something else\n\n|||\n99|x|\n");
    ASSERT_EQ(queue.size(), 4U);
    EXPECT_EQ(queue[0].job, 12U);
    EXPECT_EQ(queue[0].index, 3U);
    EXPECT_FALSE(queue[2].index);
    EXPECT_EQ(queue[3].reason, "launch failed requeued held");
}

TEST(SlurmQueue, ANumberThatCameAgainIsAnotherJob) {
    EXPECT_TRUE(tasks_of(record, parse_queue("12|3|RUNNING|None|other\n")).empty());
    EXPECT_EQ(tasks_of(record, parse_queue("12|3|RUNNING|None|acim-x\n")).size(), 1U);
}

TEST(QueueReport, StatesAndReasons) {
    const auto queue = parse_queue(
        "12|1|RUNNING|None|acim-x\n12|0|RUNNING|None|acim-x\n12|2|PENDING|Resources|acim-x\n"
        "12|5|PENDING|JobHeldUser|acim-x\n12|7|COMPLETING|None|acim-x\n"
        "13|N/A|PENDING|Dependency|acim-x-merge\n77|4|RUNNING|None|acim-x\n");
    EXPECT_EQ(queue_line(record, queue),
              "Slurm job 12, tasks 0-7 of 8: 7 completing, 5 held (JobHeldUser), 2 pending "
              "(Resources), 0-1 running; merging job 13 pending (Dependency)");
    EXPECT_EQ(queue_line(record, {}), "Slurm job 12, tasks 0-7 of 8: none is queued or runs");
}

TEST(QueueReport, AsksNobodyWithoutRecords) {
    EXPECT_EQ(queue_report({}, [](std::uint32_t) -> std::vector<std::uint32_t> { throw 1; }), "");
}

}  // namespace
}  // namespace acim
