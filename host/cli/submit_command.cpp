// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/sweep_options.hpp"
#include "host/cluster/array_job.hpp"
#include "host/cluster/printed_jobs.hpp"
#include "host/cluster/queue_report.hpp"
#include "host/cluster/shell_text.hpp"
#include "host/cluster/site_profile.hpp"
#include "host/cluster/slurm.hpp"
#include "host/cluster/submission.hpp"
#include "host/cluster/time_limit.hpp"
#include "host/store/trial_table.hpp"

namespace acim {
namespace {

namespace fs = std::filesystem;

// More tasks than this are rarely faster to get through a queue, and each of them starts anew.
constexpr std::uint32_t usual_tasks = 64;

struct SubmitOptions : SweepOptions {
    TaskResources resources;
    std::uint32_t array = 0;  // 0: usual_tasks, as far as there is work
    std::uint32_t requeues = 5;
    std::string profile;
    std::string print;
    bool slurm = false, dry_run = false, again = false, extend = false;

    bool only_prints() const { return dry_run || !print.empty(); }
    bool for_slurm() const { return slurm || print == "slurm"; }
};

// The sweep's plan and what of it is left to run.
struct Work {
    PlanRecord plan;
    TrialTable table;
};

bool is_run_directory(const fs::path& directory) {
    return fs::is_regular_file(directory / "plan.json");
}

// The plan as the tasks will find it; where it is only to be shown, nothing is written. Accuracies of
// the baselines are left to the tasks: they take a machine that may compute.
PlanRecord prepare(const SubmitOptions& options, const fs::path& directory) {
    const PlanChange change = options.extend ? PlanChange::extend : PlanChange::refuse;
    PlanOptions planning{options.overrides, directory, options.threads};
    planning.baselines = false;
    if (!options.only_prints()) planning.change = change;
    SweepPlan plan = make_sweep_plan(options.sweep, planning);
    if (!options.only_prints()) {
        open_run_directory(plan, directory, change);
    } else if (is_run_directory(directory)) {
        plan.record.block_images = RunDirectory::open(directory).plan().block_images;
    }
    return plan.record;
}

Work work_left(const SubmitOptions& options, const fs::path& directory) {
    Work work{prepare(options, directory), {}};
    const std::vector<fs::path> stored(is_run_directory(directory) ? 1 : 0, directory);
    work.table = load_trials(stored, work.plan);
    for (const std::string& line : work.table.warnings) warn(line);
    return work;
}

// As many parts as were asked for, or the usual number; no more than there is work for or than the
// site takes. It depends on the plan alone, so that a part keeps its number when it is submitted
// again.
std::uint32_t number_of_shards(const SubmitOptions& options, const PlanRecord& plan,
                               const std::optional<SlurmSite>& site) {
    const std::uint64_t shards =
        std::min<std::uint64_t>(options.array > 0 ? options.array : usual_tasks, most_shards(plan));
    if (!site || !options.for_slurm() || shards <= site->max_array_size)
        return static_cast<std::uint32_t>(shards);
    if (site->max_array_size == 0)
        throw InputError(
            "--slurm: this site has no job arrays (MaxArraySize is 0). Start shards as "
            "jobs of their own: acimsweep run --shard i/n");
    // A comment to the shell that what is printed may be pasted into.
    print(
        fmt::format("# {} tasks are more than this site's MaxArraySize: {} longer ones instead.\n",
                    shards, site->max_array_size));
    return site->max_array_size;
}

std::string own_path() { return fs::canonical("/proc/self/exe").string(); }

// GPUs that were asked for are to be used: without them the task would compute on its few cores.
std::string engine_of_tasks(const SubmitOptions& options) {
    return options.engine == "auto" && !options.resources.gpus.empty() ? "cuda" : options.engine;
}

ArrayJob describe(const SubmitOptions& options, const fs::path& directory, const Work& work,
                  std::uint32_t shards) {
    ArrayJob job;
    job.name = job_name(work.plan.sweep_name);
    if (!options.print.empty()) job.scheduler = options.print;
    job.directory = directory;
    job.command = {own_path(),
                   "run",
                   fs::absolute(options.sweep).string(),
                   "-o",
                   directory.string(),
                   "--engine",
                   engine_of_tasks(options)};
    for (const std::string& change : options.overrides)
        job.command.insert(job.command.end(), {"--set", change});
    job.merge = {
        own_path(),  "merge", directory.string(), "-o", (directory / "results.h5").string(),
        "--complete"};
    job.shards = shards;
    job.tasks = unfinished_shards(work.plan, work.table, shards);
    job.requeues = options.requeues;
    if (!options.profile.empty()) job.profile = read_site_profile(options.profile);
    job.resources = options.resources;
    return job;
}

void refuse_while_queued(const fs::path& directory, const std::string& cluster) {
    const std::vector<JobRecord> records = read_job_records(directory);
    const auto queue = records.empty() ? std::nullopt : queued_tasks(records);
    if (!queue) return;
    for (const JobRecord& record : records) {
        if (record.cluster != cluster || tasks_of(record, *queue).empty()) continue;
        throw InputError(
            fmt::format("{}: an earlier submission is still at work. {}. Wait for it, end it with "
                        "scancel {}, or give --again",
                        directory.string(), queue_line(record, *queue), record.job));
    }
}

// What is only printed needs no Slurm; then the site's limits are unknown.
std::optional<SlurmSite> site_of(const SubmitOptions& options) {
    if (!options.for_slurm()) return std::nullopt;
    try {
        auto site = slurm_site();
        if (site || options.only_prints()) return site;
    } catch (const InputError& error) {
        if (!options.only_prints()) throw;
        return std::nullopt;
    }
    throw InputError(
        "--slurm: this machine has no Slurm (scontrol is missing). Submit on a login node, or look "
        "at the scripts with --dry-run or --print");
}

void check(const SubmitOptions& options) {
    if (!options.slurm && options.print.empty())
        throw InputError("submit: no scheduler is named. Give --slurm, or --print lsf, sge or pbs");
    if (options.slurm && !options.print.empty() && options.print != "slurm")
        throw InputError("submit: --slurm and --print " + options.print +
                         " contradict each other. Give one of them");
    (void)time_limit_seconds(options.resources.time);
}

void run(const SubmitOptions& options) {
    check(options);
    const fs::path directory = fs::absolute(options.directory()).lexically_normal();
    const auto site = site_of(options);
    if (site && !options.only_prints() && !options.again)
        refuse_while_queued(directory, site->cluster);
    const Work work = work_left(options, directory);
    if (work.table.missing() == 0) {
        print(
            fmt::format("{}: all units are done, nothing is submitted. Collect them with "
                        "acimsweep merge {} -o {}\n",
                        directory.string(), shell_quote(directory.string()),
                        shell_quote((directory / "results.h5").string())));
        return;
    }
    const ArrayJob job =
        describe(options, directory, work, number_of_shards(options, work.plan, site));
    if (options.only_prints())
        print(printed_job(job));
    else
        print(submit_to_slurm(job, *site, work.table.missing()));
}

void add_resource_options(CLI::App& command, TaskResources& r) {
    const auto text = [&](const char* name, std::string& value, const char* help,
                          const char* type) {
        command.add_option(name, value, help)->type_name(type);
    };
    text("--gpus-per-task", r.gpus, "GPUs of a task; they mean --engine cuda", "[TYPE:]G");
    command.add_option("--cpus-per-task", r.cpus, "cores of a task")
        ->type_name("C")
        ->check(CLI::Range(1, 4096));
    text("--mem", r.mem, "memory of a task, as in 4G", "M");
    text("--time", r.time, "time limit of a task, as in 90 (minutes) or 1-12:00:00", "T");
    text("--partition", r.partition, "partition or queue", "P");
    text("--account", r.account, "account or project", "A");
    text("--qos", r.qos, "quality of service", "Q");
    command.add_option("--max-running", r.max_running, "tasks that run at the same time")
        ->type_name("M")
        ->check(CLI::Range(1, 1000000));
}

}  // namespace

void add_submit_command(CLI::App& app, ExitCode&) {
    auto options = std::make_shared<SubmitOptions>();
    CLI::App* command = app.add_subcommand(
        "submit", "Run a sweep as an array job of a cluster, or what is left of it");
    add_sweep_options(*command, *options);
    command->add_flag("--slurm", options->slurm, "submit to Slurm");
    command->add_option("--print", options->print, "print what another scheduler needs")
        ->type_name("slurm|lsf|sge|pbs")
        ->check(CLI::IsMember({"slurm", "lsf", "sge", "pbs"}));
    command->add_flag("--dry-run", options->dry_run, "print, write and submit nothing");
    command->add_option("--array", options->array, "parts of the sweep; default up to 64")
        ->type_name("N")
        ->check(CLI::Range(1, 1000000));
    add_resource_options(*command, options->resources);
    command->add_option("--requeues", options->requeues, "restarts of a task; default 5")
        ->type_name("K")
        ->check(CLI::Range(0, 1000));
    command
        ->add_option("--profile", options->profile, "the site's lines for the head of every script")
        ->type_name("FILE");
    command->add_flag("--extend", options->extend, "the directory's plan may change");
    command->add_flag("--again", options->again, "though tasks of this directory are still queued");
    command->callback([options] { run(*options); });
}

}  // namespace acim
