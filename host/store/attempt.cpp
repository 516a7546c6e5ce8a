// SPDX-License-Identifier: Apache-2.0
#include "host/store/attempt.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {

namespace {

Attempt attempt_from_json(const nlohmann::json& value) {
    Attempt attempt;
    value.at("token").get_to(attempt.token);
    value.at("shard").get_to(attempt.shard);
    value.at("start").get_to(attempt.start);
    value.at("stop").get_to(attempt.stop);
    value.at("host").get_to(attempt.host);
    value.at("engine").get_to(attempt.engine);
    value.at("threads").get_to(attempt.threads);
    value.at("units_done").get_to(attempt.units_done);
    value.at("seconds").get_to(attempt.seconds);
    value.at("updated").get_to(attempt.updated);
    value.at("failures").get_to(attempt.failures);
    value.at("code_version").get_to(attempt.code_version);
    attempt.pid = value.value("pid", std::int64_t{0});
    return attempt;
}

}  // namespace

void record_attempt(const RunDirectory& directory, const Attempt& attempt) {
    const nlohmann::json value{{"token", attempt.token},
                               {"shard", attempt.shard},
                               {"start", attempt.start},
                               {"stop", attempt.stop},
                               {"host", attempt.host},
                               {"engine", attempt.engine},
                               {"threads", attempt.threads},
                               {"units_done", attempt.units_done},
                               {"seconds", attempt.seconds},
                               {"updated", attempt.updated},
                               {"failures", attempt.failures},
                               {"code_version", attempt.code_version},
                               {"pid", attempt.pid}};
    write_file_atomically(directory.runs() / (attempt.token + ".json"), value.dump(2) + "\n");
}

std::int64_t attempt_clock() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

bool seems_alive(const Attempt& attempt, std::int64_t now) {
    return attempt.stop.empty() && std::abs(now - attempt.updated) < attempt_silence;
}

std::vector<Attempt> load_attempts(const RunDirectory& directory) {
    return load_attempts(directory.path());
}

std::vector<Attempt> load_attempts(const std::filesystem::path& run_directory) {
    std::vector<Attempt> attempts;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(run_directory / "runs", error)) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        try {
            const std::vector<std::byte> bytes = read_whole_file(entry.path());
            attempts.push_back(attempt_from_json(
                nlohmann::json::parse(reinterpret_cast<const char*>(bytes.data()),
                                      reinterpret_cast<const char*>(bytes.data() + bytes.size()))));
        } catch (const nlohmann::json::exception&) {
            continue;  // Only a damaged disk gets here, and nothing depends on this file.
        } catch (const std::runtime_error&) {
            continue;  // It cannot be read or was just removed.
        }
    }
    std::sort(attempts.begin(), attempts.end(), [](const Attempt& a, const Attempt& b) {
        return std::tie(a.start, a.token) < std::tie(b.start, b.token);
    });
    return attempts;
}

}  // namespace acim
