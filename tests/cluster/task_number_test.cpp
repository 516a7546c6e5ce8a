// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/task_number.hpp"

#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

using test::expect_refusal;

void expect_number(const Environment& environment, std::uint32_t count, TaskNumber expected) {
    const TaskNumber number = task_number(environment, count);
    EXPECT_EQ(number.index, expected.index);
    EXPECT_EQ(number.count, expected.count);
}

Environment slurm_array(const char* id, const char* count, const char* min, const char* max,
                        const char* step) {
    return {{"SLURM_ARRAY_TASK_ID", id},     {"SLURM_ARRAY_TASK_COUNT", count},
            {"SLURM_ARRAY_TASK_MIN", min},   {"SLURM_ARRAY_TASK_MAX", max},
            {"SLURM_ARRAY_TASK_STEP", step}, {"SLURM_JOB_ID", "9"},
            {"SLURM_PROCID", "0"},           {"SLURM_NTASKS", "1"}};
}

TEST(TaskNumber, SlurmArrays) {
    expect_number(slurm_array("3", "8", "0", "7", "1"), 0, {3, 8});
    expect_number(slurm_array("3", "8", "1", "8", "1"), 0, {2, 8});
    expect_number(slurm_array("4", "4", "0", "6", "2"), 0, {2, 4});
    expect_number({{"SLURM_ARRAY_TASK_ID", "3"},
                   {"SLURM_ARRAY_TASK_COUNT", "4"},
                   {"SLURM_ARRAY_TASK_MIN", "1"}},
                  0, {2, 4});
}

TEST(TaskNumber, SlurmArraysWithGapsNeedACount) {
    const Environment gaps = slurm_array("7", "3", "3", "9", "1");  // --array=3,7,9
    expect_refusal([&] { (void)task_number(gaps); }, "has gaps");
    expect_number(gaps, 16, {7, 16});
    expect_refusal([&] { (void)task_number(gaps, 7); }, "part 7 of 7");
}

TEST(TaskNumber, OtherArrays) {
    expect_number({{"SGE_TASK_ID", "5"},
                   {"SGE_TASK_FIRST", "1"},
                   {"SGE_TASK_LAST", "8"},
                   {"SGE_TASK_STEPSIZE", "1"}},
                  0, {4, 8});
    expect_number({{"SGE_TASK_ID", "5"},
                   {"SGE_TASK_FIRST", "1"},
                   {"SGE_TASK_LAST", "8"},
                   {"SGE_TASK_STEPSIZE", "2"}},
                  0, {2, 4});
    expect_number({{"LSB_JOBINDEX", "1"}, {"LSB_JOBINDEX_END", "8"}}, 0, {0, 8});
    expect_number({{"LSB_JOBINDEX", "7"}, {"LSB_JOBINDEX_END", "7"}}, 8, {6, 8});  // x[3,7]
    expect_number({{"PBS_ARRAY_INDEX", "3"}}, 8, {3, 8});
    expect_number({{"JOB_COMPLETION_INDEX", "0"}}, 8, {0, 8});
    expect_number({{"PARALLEL_SEQ", "8"}}, 8, {7, 8});
}

TEST(TaskNumber, UnknownCounts) {
    for (const char* name : {"PBS_ARRAY_INDEX", "JOB_COMPLETION_INDEX", "PARALLEL_SEQ"})
        expect_refusal([&] { (void)task_number({{name, "3"}}); }, "--shard auto/n");
}

TEST(TaskNumber, Ranks) {
    expect_number({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}}, 0, {2, 4});
    expect_number({{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}}, 4, {2, 4});
    expect_number({{"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "4"}}, 0, {2, 4});
    expect_number({{"SLURM_PROCID", "1"},
                   {"SLURM_NTASKS", "4"},
                   {"SLURM_JOB_ID", "9"},
                   {"SLURM_STEP_ID", "0"},
                   {"SLURM_STEP_NUM_TASKS", "2"}},
                  0, {1, 2});
    expect_refusal(
        [] {
            (void)task_number({{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}}, 8);
        },
        "Give the same number");
}

TEST(TaskNumber, TheInnerLauncherSpeaks) {  // mpirun inside a job of Slurm
    expect_number({{"OMPI_COMM_WORLD_RANK", "3"},
                   {"OMPI_COMM_WORLD_SIZE", "4"},
                   {"SLURM_PROCID", "0"},
                   {"SLURM_NTASKS", "4"}},
                  0, {3, 4});
}

TEST(TaskNumber, ABatchScriptIsNoRank) {
    const Environment batch{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}, {"SLURM_JOB_ID", "9"}};
    expect_refusal([&] { (void)task_number(batch); }, "no scheduler has numbered");
}

TEST(TaskNumber, OneProcessOfOneSaysNothingBesideAnArray) {
    Environment task = slurm_array("3", "8", "0", "7", "1");
    task["SLURM_STEP_ID"] = "0";
    expect_number(task, 0, {3, 8});
    expect_number({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}, 0, {0, 1});
}

TEST(TaskNumber, Contradictions) {
    Environment task = slurm_array("3", "8", "0", "7", "1");
    task["OMPI_COMM_WORLD_RANK"] = "1";
    task["OMPI_COMM_WORLD_SIZE"] = "2";
    expect_refusal(
        [&] { (void)task_number(task); },
        "SLURM_ARRAY_TASK_ID says part 3 of 8, but OMPI_COMM_WORLD_RANK says part 1 of 2");
    task["ACIM_SHARD"] = "7/16";
    expect_number(task, 0, {7, 16});
    expect_refusal([&] { (void)task_number(task, 8); }, "part 7 of 16");
}

TEST(TaskNumber, WhatIsNoTask) {
    for (const Environment& environment :
         {Environment{}, Environment{{"SGE_TASK_ID", "undefined"}},
          Environment{{"LSB_JOBINDEX", "0"}}, Environment{{"SLURM_ARRAY_TASK_ID", ""}}})
        expect_refusal([&] { (void)task_number(environment); }, "ACIM_SHARD=i/n");
}

TEST(TaskNumber, WhatIsNoNumber) {
    for (const char* text : {"x", "-1", "3 ", "4294967296", "1e3"})
        expect_refusal([&] { (void)task_number({{"PBS_ARRAY_INDEX", text}}, 8); }, "not a number");
    for (const char* text : {"3", "8/8", "/", "a/b", "1/0", "-1/2"})
        expect_refusal([&] { (void)task_number({{"ACIM_SHARD", text}}); }, "ACIM_SHARD is");
    expect_refusal([] { (void)task_number({{"PARALLEL_SEQ", "0"}}, 8); }, "count from 1");
}

}  // namespace
}  // namespace acim
