// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/submission.hpp"

#include <fmt/format.h>

#include "host/cluster/batch_script.hpp"
#include "host/cluster/job_record.hpp"
#include "host/cluster/shell_text.hpp"
#include "host/core/error.hpp"
#include "host/core/here_and_now.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {
namespace {

JobRecord describe(const ArrayJob& job, const SlurmSite& site) {
    JobRecord record;
    record.cluster = site.cluster;
    record.name = job.name;
    record.shards = job.shards;
    record.tasks = index_list(job.tasks);
    record.host = host_name();
    record.time = utc_now();
    return record;
}

// Recorded before the merging is submitted: whatever fails then, status knows the array.
void submit_both(const ArrayJob& job, JobRecord& record) {
    record.job = submit(array_arguments(job));
    write_job_record(job.directory, record);
    try {
        record.merge = submit(merge_arguments(job, std::to_string(record.job)));
    } catch (const InputError& error) {
        throw InputError(
            fmt::format("job {} was submitted, but not the job that merges behind it: {}. When it "
                        "is over: {}",
                        record.job, error.what(), command_line(job.merge)));
    }
    write_job_record(job.directory, record);
}

}  // namespace

std::string submit_to_slurm(const ArrayJob& job, const SlurmSite& site, std::uint64_t units) {
    create_directories_durably(job.logs());
    write_file_atomically(job.task_script(), task_script(job));
    write_file_atomically(job.merge_script(), merge_script(job));
    JobRecord record = describe(job, site);
    submit_both(job, record);
    return fmt::format(
        "job {}: {} tasks for {} units; job {} merges behind them\n"
        "progress: acimsweep status {}\n"
        "results:  {}\n"
        "what a task could not do goes on with the same command\n",
        record.job, job.tasks.size(), units, record.merge, shell_quote(job.directory.string()),
        (job.directory / "results.h5").string());
}

}  // namespace acim
