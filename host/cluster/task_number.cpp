// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/task_number.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/parse_number.hpp"

namespace acim {
namespace {

// What one scheduler says, and by which variable.
struct Claim {
    std::string variable;
    TaskNumber number;
    bool is_rank = false;

    std::string text() const {
        return fmt::format("{} says part {} of {}", variable, number.index, number.count);
    }
};

// Variables of an array job; "" where the scheduler has none of the kind.
struct ArrayVariables {
    const char* index;
    const char* first;
    const char* last;
    const char* step;
    const char* tasks;
    std::uint32_t base;      // the number that the first task of a usual array has
    const char* not_a_task;  // what `index` holds outside arrays
};

constexpr ArrayVariables arrays[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP",
     "SLURM_ARRAY_TASK_COUNT", 0, ""},
    {"SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", "", 1, "undefined"},
    {"LSB_JOBINDEX", "", "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP", "", 1, "0"},
    {"PBS_ARRAY_INDEX", "", "", "", "", 0, ""},
    {"JOB_COMPLETION_INDEX", "", "", "", "", 0, ""},
    {"PARALLEL_SEQ", "", "", "", "", 1, ""},
};

struct RankVariables {
    const char* rank;
    const char* size;
};

// The innermost launcher first: inside a Slurm job mpirun's processes also carry Slurm's variables.
constexpr RankVariables ranks[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   {"PMI_RANK", "PMI_SIZE"},
                                   {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
                                   {"SLURM_PROCID", "SLURM_NTASKS"}};

std::optional<std::uint32_t> read(const Environment& environment, const char* name) {
    const auto it = environment.find(name);
    if (it == environment.end() || it->second.empty()) return std::nullopt;
    const std::string& text = it->second;
    std::uint32_t value = 0;
    if (!parse_number(text, value) || value > std::numeric_limits<std::int32_t>::max())
        throw InputError(
            fmt::format("--shard auto: {} is '{}', not a number. Give --shard i/n", name, text));
    return value;
}

TaskNumber checked(const std::string& variable, std::uint32_t index, std::uint32_t count) {
    if (index >= count)
        throw InputError(
            fmt::format("--shard auto: {} makes this part {} of {}, which count from 0. Number the "
                        "tasks to fit, or give --shard i/n",
                        variable, index, count));
    return {index, count};
}

// The number of an array task whose scheduler tells all of the array.
TaskNumber from_range(const Environment& environment, const ArrayVariables& names,
                      std::uint32_t id) {
    const std::uint32_t first = read(environment, names.first).value_or(names.base);
    const std::uint32_t step = std::max(1U, read(environment, names.step).value_or(1));
    const auto tasks = read(environment, names.tasks);
    auto last = read(environment, names.last);
    if (!last && tasks && *tasks > 0) last = first + (*tasks - 1) * step;
    if (!last)
        throw InputError(
            fmt::format("--shard auto: {} is {}, but nothing says of how many. Give --shard auto/n "
                        "with the number of tasks",
                        names.index, id));
    const bool inside = first <= id && id <= *last && (id - first) % step == 0;
    if (!inside || (tasks && *tasks != (*last - first) / step + 1))
        throw InputError(
            fmt::format("--shard auto: the array of {} = {} has gaps. Give --shard auto/n with the "
                        "number of parts of the whole sweep",
                        names.index, id));
    return {(id - first) / step, (*last - first) / step + 1};
}

std::optional<Claim> array_claim(const Environment& environment, const ArrayVariables& names,
                                 std::uint32_t count) {
    const auto it = environment.find(names.index);
    if (it == environment.end() || it->second == names.not_a_task) return std::nullopt;
    const auto id = read(environment, names.index);
    if (!id) return std::nullopt;
    if (count == 0) return Claim{names.index, from_range(environment, names, *id)};
    if (*id < names.base)
        throw InputError(fmt::format("--shard auto: {} is {}, but its tasks count from {}",
                                     names.index, *id, names.base));
    return Claim{names.index, checked(names.index, *id - names.base, count)};
}

std::optional<Claim> rank_claim(const Environment& environment) {
    for (const RankVariables& names : ranks) {
        const auto rank = read(environment, names.rank);
        const auto size = read(environment, names.size);
        if (!rank || !size) continue;
        // A batch script is no task of srun, though Slurm numbers it like the first one.
        if (std::string_view(names.rank) == "SLURM_PROCID" &&
            environment.contains("SLURM_JOB_ID") && !environment.contains("SLURM_STEP_ID"))
            continue;
        return Claim{names.rank, checked(names.rank, *rank, *size), true};
    }
    return std::nullopt;
}

std::optional<TaskNumber> stated(const Environment& environment) {
    const auto it = environment.find("ACIM_SHARD");
    if (it == environment.end() || it->second.empty()) return std::nullopt;
    const std::size_t slash = it->second.find('/');
    if (slash != std::string::npos) {
        const Environment parts{{"i", it->second.substr(0, slash)},
                                {"n", it->second.substr(slash + 1)}};
        try {
            const auto index = read(parts, "i"), count = read(parts, "n");
            if (index && count) return checked("ACIM_SHARD", *index, *count);
        } catch (const InputError&) {
        }
    }
    throw InputError(fmt::format(
        "--shard auto: ACIM_SHARD is '{}', expected i/n with 0 <= i < n, as in 0/3", it->second));
}

[[noreturn]] void refuse_nothing() {
    std::string names;
    for (const ArrayVariables& array : arrays) names += fmt::format("{}, ", array.index);
    throw InputError(
        fmt::format("--shard auto: no scheduler has numbered this process ({}"
                    "OMPI_COMM_WORLD_RANK, PMI_RANK, SLURM_PROCID of srun). Start it as a task "
                    "of an array, set ACIM_SHARD=i/n, or give --shard i/n",
                    names));
}

std::vector<Claim> claims_of(const Environment& environment, std::uint32_t count) {
    std::vector<Claim> claims;
    for (const ArrayVariables& names : arrays)
        if (auto claim = array_claim(environment, names, count)) claims.push_back(*claim);
    if (auto claim = rank_claim(environment)) claims.push_back(*claim);
    return claims;
}

}  // namespace

Environment process_environment() {
    Environment environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t sign = text.find('=');
        if (sign != std::string_view::npos)
            environment.emplace(text.substr(0, sign), text.substr(sign + 1));
    }
    return environment;
}

TaskNumber task_number(const Environment& environment, std::uint32_t count) {
    const auto number = stated(environment);
    std::vector<Claim> claims;
    if (number)
        claims.push_back({"ACIM_SHARD", *number});
    else
        claims = claims_of(environment, count);
    // One process of a launcher says nothing: every batch job has a first and only rank.
    const auto lonely = [](const Claim& claim) { return claim.is_rank && claim.number.count == 1; };
    if (claims.size() > 1 || count > 1) std::erase_if(claims, lonely);
    if (claims.empty()) refuse_nothing();
    for (const Claim& claim : claims)
        if (claim.number != claims[0].number)
            throw InputError(fmt::format("--shard auto: {}, but {}. Give --shard i/n",
                                         claims[0].text(), claim.text()));
    if (count != 0 && claims[0].number.count != count)
        throw InputError(fmt::format("--shard auto/{}: {}. Give the same number of parts", count,
                                     claims[0].text()));
    return claims[0].number;
}

}  // namespace acim
