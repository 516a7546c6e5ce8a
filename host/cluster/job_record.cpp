// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/job_record.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/cluster/shell_text.hpp"
#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t largest = 1 << 20;  // [byte]; a record has a few hundred

JobRecord from_json(const nlohmann::json& value) {
    JobRecord record;
    value.at("cluster").get_to(record.cluster);
    value.at("job").get_to(record.job);
    value.at("merge").get_to(record.merge);
    value.at("name").get_to(record.name);
    value.at("shards").get_to(record.shards);
    value.at("tasks").get_to(record.tasks);
    value.at("host").get_to(record.host);
    value.at("time").get_to(record.time);
    return record;
}

// The file may come from anywhere: its texts go to a terminal, its numbers into sizes.
bool is_sound(const JobRecord& record) {
    const auto plain = [](const std::string& text) {
        return std::none_of(text.begin(), text.end(),
                            [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    };
    return record.shards >= 1 && record.shards <= 10'000'000 && plain(record.cluster) &&
           plain(record.name) && plain(record.tasks) && plain(record.host) && plain(record.time);
}

}  // namespace

void write_job_record(const fs::path& run_directory, const JobRecord& record) {
    const nlohmann::json value{{"cluster", record.cluster}, {"job", record.job},
                               {"merge", record.merge},     {"name", record.name},
                               {"shards", record.shards},   {"tasks", record.tasks},
                               {"host", record.host},       {"time", record.time}};
    const fs::path folder = run_directory / "jobs";
    create_directories_durably(folder);
    const std::string name = fmt::format("{}-{}.json", plain_name(record.cluster), record.job);
    write_file_atomically(
        folder / name, value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::vector<JobRecord> read_job_records(const fs::path& run_directory) {
    std::vector<JobRecord> records;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(run_directory / "jobs", error)) {
        if (entry.path().extension() != ".json" || !entry.is_regular_file(error) ||
            entry.file_size(error) > largest)
            continue;
        try {
            const std::vector<std::byte> bytes = read_whole_file(entry.path());
            const auto* text = reinterpret_cast<const char*>(bytes.data());
            JobRecord record = from_json(nlohmann::json::parse(text, text + bytes.size()));
            if (is_sound(record)) records.push_back(std::move(record));
        } catch (const nlohmann::json::exception&) {
            continue;  // Nothing depends on this file but what status says.
        } catch (const InputError&) {
            continue;  // It went away in between.
        }
    }
    std::sort(records.begin(), records.end(), [](const JobRecord& a, const JobRecord& b) {
        return std::tie(a.time, a.job) < std::tie(b.time, b.job);
    });
    return records;
}

}  // namespace acim
