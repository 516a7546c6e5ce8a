// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/slurm.hpp"

#include <charconv>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "host/cluster/program.hpp"
#include "host/cluster/shell_text.hpp"
#include "host/cluster/time_limit.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

// The value of "Key   = value"; "" where the key is missing.
std::string value_of(const std::string& text, std::string_view key) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const std::size_t sign = line.find('=');
        if (sign == std::string::npos) continue;
        std::istringstream name(line.substr(0, sign)), value(line.substr(sign + 1));
        std::string word, first;
        if (name >> word && word == key) return value >> first ? first : "";
    }
    return "";
}

// A number at the beginning of the text.
template <class Number>
bool read_number(const std::string& text, Number& value) {
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

// Slurm replaces % in names of logs, and leaves all of it alone where there is a backslash.
std::string log_path(const ArrayJob& job, const char* pattern) {
    const std::string folder = job.logs().string();
    if (folder.find('\\') != std::string::npos)
        throw InputError(folder +
                         ": Slurm cannot write logs below a path with a backslash. Give another "
                         "directory with -o");
    std::string escaped;
    for (const char c : folder) escaped += c == '%' ? "%%" : std::string(1, c);
    return escaped + "/" + pattern;
}

void add(std::vector<std::string>& words, const char* option, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", option, value));
}

// What both jobs have: one task on one node, at the place that the user named.
std::vector<std::string> common_arguments(const ArrayJob& job) {
    std::vector<std::string> words{"sbatch",    "--parsable", "--open-mode=append",
                                   "--requeue", "--nodes=1",  "--ntasks=1"};
    add(words, "mem", job.resources.mem);
    add(words, "partition", job.resources.partition);
    add(words, "account", job.resources.account);
    add(words, "qos", job.resources.qos);
    return words;
}

}  // namespace

SlurmSite parse_slurm_config(const std::string& text) {
    SlurmSite site;
    site.cluster = value_of(text, "ClusterName");
    if (site.cluster.empty() || !read_number(value_of(text, "MaxArraySize"), site.max_array_size))
        throw InputError(
            "scontrol show config: ClusterName or MaxArraySize is missing. Give --dry-run and "
            "submit by hand");
    return site;
}

std::optional<SlurmSite> slurm_site() {
    const auto result = run_program({"scontrol", "show", "config"});
    if (!result) return std::nullopt;
    if (!result->succeeded())
        throw InputError(
            fmt::format("scontrol show config: {}. Is Slurm's controller up? --dry-run prints what "
                        "would be submitted",
                        result->complaint()));
    return parse_slurm_config(result->output);
}

std::vector<std::string> array_arguments(const ArrayJob& job) {
    const TaskResources& r = job.resources;
    std::vector<std::string> words = common_arguments(job);
    add(words, "job-name", job.name);
    add(words, "output", log_path(job, "%A_%a.out"));
    add(words, "time", r.time);
    add(words, "signal", fmt::format("B:USR1@{}", warning_seconds(time_limit_seconds(r.time))));
    if (r.cpus > 0) add(words, "cpus-per-task", std::to_string(r.cpus));
    if (!r.gpus.empty()) add(words, "gres", "gpu:" + r.gpus);
    std::string array = index_list(job.tasks);
    if (r.max_running > 0) array += fmt::format("%{}", r.max_running);
    add(words, "array", array);
    words.push_back(job.task_script().string());
    return words;
}

std::vector<std::string> merge_arguments(const ArrayJob& job, const std::string& array_job) {
    std::vector<std::string> words = common_arguments(job);
    add(words, "job-name", job.name + "-merge");
    add(words, "output", log_path(job, "merge_%j.out"));
    const auto limit = time_limit_seconds(job.resources.time);
    if (limit) add(words, "time", *limit < 3600 ? job.resources.time : "60");
    add(words, "dependency", "afterany:" + array_job);
    words.push_back(job.merge_script().string());
    return words;
}

std::uint64_t parse_job_number(const std::string& text) {
    std::uint64_t number = 0;
    if (!read_number(text, number) || number == 0)
        throw InputError(
            fmt::format("sbatch: printed '{}' instead of the number of a job. Look "
                        "with squeue whether it was submitted",
                        text));
    return number;
}

std::uint64_t submit(const std::vector<std::string>& words) {
    const auto result = run_program(words);
    if (!result)
        throw InputError(
            "sbatch is not on this machine. Submit where Slurm is; --dry-run and --print need "
            "none");
    if (!result->succeeded())
        throw InputError(
            fmt::format("sbatch refused the job: {}. Nothing of it was queued; "
                        "--dry-run shows the command",
                        result->complaint()));
    return parse_job_number(result->output);
}

}  // namespace acim
