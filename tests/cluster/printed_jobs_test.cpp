// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/printed_jobs.hpp"

#include <gmock/gmock.h>

#include "host/cluster/program.hpp"
#include "tests/cluster/cluster_fixture.hpp"

namespace acim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ArrayJob job_for(const std::string& scheduler) {
    ArrayJob job = test::example_job();
    job.scheduler = scheduler;
    job.resources = {"2", "4G", "1:30:00", "long", "chips", "", 6, 3};
    return job;
}

TEST(PrintedJobs, WordsOfEachScheduler) {
    EXPECT_THAT(printed_job(job_for("lsf")),
                HasSubstr("bsub -J 'acim-example[1-3,6]%3' -o /data/run/lsf/%J_%I.out -r -n 6 -R "
                          "'span[hosts=1]' -W 90 -gpu num=2 -M 4G -q long -P chips < "
                          "/data/run/lsf/task.sh"));
    EXPECT_THAT(printed_job(job_for("lsf")), HasSubstr("-w 'ended(acim-example)'"));
    EXPECT_THAT(printed_job(job_for("sge")),
                HasSubstr("-t 1-8 -tc 3 -pe smp 6 -l h_rt=1:30:00 -l gpu=2 -l h_vmem=4G -q long "
                          "-P chips /data/run/sge/task.sh"));
    EXPECT_THAT(printed_job(job_for("sge")), HasSubstr("-hold_jid acim-example"));
    EXPECT_THAT(printed_job(job_for("pbs")),
                HasSubstr("-J 0-7%3 -l select=1:ncpus=6:ngpus=2:mem=4G -l walltime=1:30:00 -q long "
                          "-A chips /data/run/pbs/task.sh"));
    EXPECT_THAT(printed_job(job_for("slurm")), HasSubstr("--array=0-2,5%3"));
}

TEST(PrintedJobs, OnlySlurmsScriptQueuesItselfAgain) {
    for (const char* scheduler : {"lsf", "sge", "pbs"}) {
        EXPECT_THAT(printed_job(job_for(scheduler)), Not(HasSubstr("scontrol"))) << scheduler;
        EXPECT_THAT(printed_job(job_for(scheduler)), HasSubstr("--shard auto/8")) << scheduler;
    }
    EXPECT_THAT(printed_job(job_for("slurm")), HasSubstr("scontrol requeue"));
}

// Sourced by a real shell with schedulers that only tell which words they got.
TEST(PrintedJobs, NothingOfANameIsRead) {
    for (const char* scheduler : {"slurm", "lsf", "sge", "pbs"}) {
        const test::Folder folder;
        ArrayJob job = job_for(scheduler);
        job.directory = folder.path() / "it's $(touch hacked) `touch hacked`\n\"END_OF_SCRIPT\n* ;";
        job.command.back() = job.directory.string();
        job.command[0] = "/bin/echo";
        job.profile = "# END_OF_SCRIPT\n";
        const auto result =
            run_program({"bash", "-c",
                         "cd \"$1\" && bsub() { echo bsub \"$@\"; cat; }; qsub() { echo \"$@\"; }; "
                         "sbatch() { echo \"$@\"; }; eval \"$2\" && bash -n \"$3/task.sh\" && bash "
                         "-n \"$3/merge.sh\"",
                         "bash", folder.path().string(), printed_job(job), job.logs().string()});
        EXPECT_EQ(result->exit_code, 0) << scheduler << ": " << result->errors;
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "hacked")) << scheduler;
        EXPECT_TRUE(std::filesystem::exists(job.task_script())) << scheduler;
    }
}

TEST(PrintedJobs, AnArrayOfOneIsNoArrayForPbs) {
    ArrayJob job = job_for("pbs");
    job.shards = 1;
    job.tasks = {0};
    test::expect_refusal([&] { (void)printed_job(job); }, "no array of one task");
}

}  // namespace
}  // namespace acim
