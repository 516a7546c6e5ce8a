// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/printed_jobs.hpp"

#include <map>

#include <fmt/format.h>

#include "host/cluster/batch_script.hpp"
#include "host/cluster/shell_text.hpp"
#include "host/cluster/slurm.hpp"
#include "host/cluster/time_limit.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

using Words = std::vector<std::string>;

// The script as a here-document that puts it where the job looks for it. The mark is no line of it.
std::string file_text(const std::filesystem::path& path, const std::string& script) {
    std::string mark = "END_OF_SCRIPT";
    while (script.find(mark) != std::string::npos) mark += '_';
    return fmt::format("cat > {} << '{}'\n{}{}\n", shell_quote(path.string()), mark, script, mark);
}

std::string slurm(const ArrayJob& job) {
    std::string text = "mkdir -p " + shell_quote(job.logs().string()) + "\n";
    text += file_text(job.task_script(), task_script(job));
    text += file_text(job.merge_script(), merge_script(job));
    text += "job=$(" + command_line(array_arguments(job)) + ") &&\n";
    // The number is known only then, so its place is the one word that the shell has to fill.
    Words merge = merge_arguments(job, "");
    const std::string script = merge.back();
    merge.resize(merge.size() - 2);
    return text + command_line(merge) + " --dependency=afterany:\"${job%%;*}\" " +
           shell_quote(script) + "\n";
}

// The other schedulers run the engine itself: a killed task is started again by submitting again.
Words engine(const ArrayJob& job) {
    Words words = job.command;
    words.insert(words.end(), {"--shard", fmt::format("auto/{}", job.shards), "--quiet"});
    if (job.resources.cpus > 0)
        words.insert(words.end(), {"--threads", std::to_string(job.resources.cpus)});
    return words;
}

std::string script(const ArrayJob& job, const Words& command) {
    return "#!/bin/bash\n" + job.profile + "exec " + command_line(command) + "\n";
}

std::string hours(const ArrayJob& job, const char* option) {
    const auto limit = time_limit_seconds(job.resources.time);
    return limit ? option + clock_text(*limit) : "";
}

void add(Words& words, Words more) {
    if (!more.back().empty()) words.insert(words.end(), more.begin(), more.end());
}

// Tasks of LSF and Grid Engine count from 1.
std::vector<std::uint32_t> from_one(std::vector<std::uint32_t> tasks) {
    for (std::uint32_t& task : tasks) ++task;
    return tasks;
}

std::string scripts(const ArrayJob& job) {
    return "mkdir -p " + shell_quote(job.logs().string()) + "\n" +
           file_text(job.task_script(), script(job, engine(job))) +
           file_text(job.merge_script(), script(job, job.merge)) +
           fmt::format("chmod +x {} {}\n", shell_quote(job.task_script().string()),
                       shell_quote(job.merge_script().string()));
}

std::string lsf(const ArrayJob& job) {
    const TaskResources& r = job.resources;
    std::string name = fmt::format("{}[{}]", job.name, index_list(from_one(job.tasks)));
    if (r.max_running > 0) name += fmt::format("%{}", r.max_running);
    Words array{"bsub", "-J", name, "-o", (job.logs() / "%J_%I.out").string(), "-r"};
    if (r.cpus > 0) add(array, {"-n", std::to_string(r.cpus), "-R", "span[hosts=1]"});
    Words merge{"bsub",
                "-J",
                job.name + "-merge",
                "-w",
                fmt::format("ended({})", job.name),
                "-o",
                (job.logs() / "merge_%J.out").string()};
    const auto limit = time_limit_seconds(r.time);
    if (limit) add(array, {"-W", std::to_string((*limit + 59) / 60)});
    add(array, {"-gpu", r.gpus.empty() ? "" : "num=" + r.gpus});
    for (Words* words : {&array, &merge}) {
        add(*words, {"-M", r.mem});
        add(*words, {"-q", r.partition});
        add(*words, {"-P", r.account});
    }
    // bsub gives the words of a command to a shell, so the scripts come by standard input.
    return scripts(job) + command_line(array) + " < " + shell_quote(job.task_script().string()) +
           " &&\n" + command_line(merge) + " < " + shell_quote(job.merge_script().string()) + "\n";
}

std::string grid_engine(const ArrayJob& job) {
    const TaskResources& r = job.resources;
    const Words common{"qsub", "-S", "/bin/bash", "-j", "y", "-o", job.logs().string()};
    Words array = common, merge = common;
    add(array, {"-N", job.name, "-r", "y", "-t", fmt::format("1-{}", job.shards)});
    add(array, {"-tc", r.max_running > 0 ? std::to_string(r.max_running) : ""});
    add(array, {"-pe", "smp", r.cpus > 0 ? std::to_string(r.cpus) : ""});
    add(array, {"-l", hours(job, "h_rt=")});
    add(array, {"-l", r.gpus.empty() ? "" : "gpu=" + r.gpus});
    add(merge, {"-N", job.name + "-merge", "-hold_jid", job.name});
    for (Words* words : {&array, &merge}) {
        add(*words, {"-l", r.mem.empty() ? "" : "h_vmem=" + r.mem});
        add(*words, {"-q", r.partition});
        add(*words, {"-P", r.account});
    }
    array.push_back(job.task_script().string());
    merge.push_back(job.merge_script().string());
    return scripts(job) + command_line(array) + " &&\n" + command_line(merge) + "\n";
}

std::string pbs(const ArrayJob& job) {
    const TaskResources& r = job.resources;
    if (job.shards == 1)
        throw InputError("--print pbs: PBS has no array of one task. Give --array 2 or more");
    std::string chunk = "select=1";
    if (r.cpus > 0) chunk += fmt::format(":ncpus={}", r.cpus);
    if (!r.gpus.empty()) chunk += ":ngpus=" + r.gpus;
    if (!r.mem.empty()) chunk += ":mem=" + r.mem;
    std::string range = fmt::format("0-{}", job.shards - 1);
    if (r.max_running > 0) range += fmt::format("%{}", r.max_running);
    const Words common{"qsub", "-S", "/bin/bash", "-j", "oe", "-o", job.logs().string()};
    Words array = common, merge = common;
    add(array, {"-N", job.name, "-r", "y", "-J", range, "-l", chunk});
    add(array, {"-l", hours(job, "walltime=")});
    add(merge, {"-N", job.name + "-merge"});
    for (Words* words : {&array, &merge}) {
        add(*words, {"-q", r.partition});
        add(*words, {"-A", r.account});
    }
    return scripts(job) + "job=$(" + command_line(array) + " " +
           shell_quote(job.task_script().string()) + ") &&\n" + command_line(merge) +
           " -W depend=afterany:\"$job\" " + shell_quote(job.merge_script().string()) + "\n";
}

}  // namespace

std::string printed_job(const ArrayJob& job) {
    const std::map<std::string, std::string (*)(const ArrayJob&)> printers{
        {"slurm", slurm}, {"lsf", lsf}, {"sge", grid_engine}, {"pbs", pbs}};
    return printers.at(job.scheduler)(job);
}

}  // namespace acim
