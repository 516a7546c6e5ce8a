// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/batch_script.hpp"

#include <fmt/format.h>

#include "host/cluster/shell_text.hpp"
#include "host/cluster/time_limit.hpp"

namespace acim {
namespace {

// One CPU where Slurm says nothing; SLURM_CPUS_ON_NODE is what the task was given on its node.
constexpr const char* threads = R"("${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}")";

// The engine is waited for only when it is gone: bash loses the exit code of a process that ends just
// when a signal interrupts `wait`. Until then signals are taken after each second's sleep. After
// SIGTERM the engine gets SIGINT: it may have had the same SIGTERM from scancel, and a second one
// would kill it before it has stored what is finished. Works under `set -eu` of a profile, too.
constexpr const char* waiting = R"(engine=$!
warned= cancelled= watch= code=0
trap 'warned=1; kill -TERM "$engine" || :; (sleep {patience}; kill -KILL "$engine") & watch=$!' USR1
trap 'cancelled=1; kill -INT "$engine" || :' TERM
while kill -0 "$engine" 2>/dev/null; do
    sleep 1 || :
done
wait "$engine" || code=$?
[ -z "$watch" ] || kill "$watch" 2>/dev/null || :
)";

constexpr const char* deciding = R"(
task=${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID
case $code in
    0 | 1 | 2 | 126 | 127) again= ;;
    3 | 130 | 143) again=$warned ;;
    *) again=1 ;;
esac
if [ -n "$cancelled" ] || [ -z "$again" ]; then
    exit "$code"
fi
if [ "${{SLURM_RESTART_COUNT:-0}}" -ge {requeues} ]; then
    echo "task $task: exit code $code after {requeues} restarts, not queued again" >&2
    exit "$code"
fi
echo "task $task: exit code $code, queued again" >&2
scontrol requeue "$task"
exit "$code"
)";

// Long enough for the units that run, and over well before Slurm ends the task.
std::uint64_t patience(const ArrayJob& job) {
    return warning_seconds(time_limit_seconds(job.resources.time)) * 2 / 3;
}

std::string head(const ArrayJob& job) { return "#!/bin/bash\n" + job.profile; }

}  // namespace

std::string task_script(const ArrayJob& job) {
    std::string text = head(job);
    text += fmt::format("\n# Part $SLURM_ARRAY_TASK_ID of {} of a sweep; see docs/clusters.md.\n",
                        job.shards);
    text += fmt::format("{} --shard \"$SLURM_ARRAY_TASK_ID/{}\" --threads {} --quiet &\n",
                        command_line(job.command), job.shards, threads);
    text += fmt::format(waiting, fmt::arg("patience", patience(job)));
    return text + fmt::format(deciding, fmt::arg("requeues", job.requeues));
}

std::string merge_script(const ArrayJob& job) {
    return head(job) + "\nexec " + command_line(job.merge) + "\n";
}

}  // namespace acim
