// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/slurm.hpp"

#include <gmock/gmock.h>

#include "host/cluster/batch_script.hpp"
#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Slurm, LimitsOfTheSite) {
    const SlurmSite site = parse_slurm_config(
        "Configuration data as of 2026-01-01T00:00:00\n"
        "ClusterName             = tiny\n"
        "MaxArraySize            = 1001\nMaxArraySizeOfOthers = 5\n\nSlurmctld(primary) is UP\n");
    EXPECT_EQ(site.cluster, "tiny");
    EXPECT_EQ(site.max_array_size, 1001U);
    test::expect_refusal([] { (void)parse_slurm_config("ClusterName = tiny\n"); }, "MaxArraySize");
    test::expect_refusal([] { (void)parse_slurm_config("MaxArraySize = 1001"); }, "ClusterName");
    test::expect_refusal([] { (void)parse_slurm_config(""); }, "--dry-run");
}

TEST(Slurm, OptionsAreWordsOfTheirOwn) {
    ArrayJob job = test::example_job();
    job.directory = "/data/100% it's";
    job.resources.account = "a b; touch x";
    job.resources.gpus = "a100:2";
    job.resources.cpus = 4;
    job.resources.time = "2:00:00";
    job.resources.max_running = 3;
    const auto array = array_arguments(job);
    EXPECT_THAT(array, Contains("--array=0-2,5%3"));
    EXPECT_THAT(array, Contains("--account=a b; touch x"));
    EXPECT_THAT(array, Contains("--gres=gpu:a100:2"));
    EXPECT_THAT(array, Contains("--cpus-per-task=4"));
    EXPECT_THAT(array, Contains("--signal=B:USR1@120"));
    EXPECT_THAT(array, Contains("--output=/data/100%% it's/slurm/%A_%a.out"));
    EXPECT_THAT(array, Contains("--requeue"));
    const auto merge = merge_arguments(job, "77");
    EXPECT_THAT(merge, Contains("--dependency=afterany:77"));
    EXPECT_THAT(merge, Contains("--time=60"));
    EXPECT_THAT(merge, Contains("--account=a b; touch x"));
    EXPECT_THAT(merge, Not(Contains(HasSubstr("gres"))));
    job.directory = "/data/a\\b";
    test::expect_refusal([&] { (void)array_arguments(job); }, "backslash");
}

TEST(Slurm, ShortLimitsLeaveTheScriptTimeToDecide) {
    ArrayJob job = test::example_job();
    job.resources.time = "1";
    EXPECT_THAT(array_arguments(job), Contains("--signal=B:USR1@12"));
    EXPECT_THAT(task_script(job), HasSubstr("sleep 8;"));
    job.resources.time = "";
    EXPECT_THAT(task_script(job), HasSubstr("sleep 80;"));
}

TEST(Slurm, NumbersOfJobs) {
    EXPECT_EQ(parse_job_number("12\n"), 12U);
    EXPECT_EQ(parse_job_number("12;cluster\n"), 12U);
    for (const char* text : {"", "Submitted batch job 12", "0", "-4"})
        test::expect_refusal([&] { (void)parse_job_number(text); }, "instead of the number");
}

}  // namespace
}  // namespace acim
