// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/store/run_directory.hpp"

namespace acim {

// One attempt to run a sweep or a shard of it. Nothing of it reaches results.h5.
struct Attempt {
    std::string token;  // unique; that of the attempt's SegmentWriter
    std::string shard;  // "0/1" for a whole run
    std::string start;  // UTC, ISO 8601
    std::string stop;   // empty while it runs or after a kill
    std::string host;
    std::string engine;
    std::uint32_t threads = 0;
    std::uint64_t units_done = 0;
    double seconds = 0.0;               // that the trials took so far
    std::int64_t updated = 0;           // when this was written [s since 1970]
    std::vector<std::string> failures;  // points that failed, with reasons
    std::string code_version;
    std::int64_t pid = 0;  // of its process, on its host; 0: an older program did not say
};

// An attempt that has not reported for this long was killed, or its machine lost the directory.
inline constexpr std::int64_t attempt_silence = 30;  // [s]

// Seconds since 1970, as in Attempt::updated.
std::int64_t attempt_clock();

// Not ended and reported lately. A report from the future, by another machine's clock or before this
// one was set back, says nothing about that.
bool seems_alive(const Attempt& attempt, std::int64_t now);

// Writes or replaces runs/<token>.json: each file has one writer.
void record_attempt(const RunDirectory& directory, const Attempt& attempt);
// All attempts by start time; unreadable files are left out.
std::vector<Attempt> load_attempts(const RunDirectory& directory);
std::vector<Attempt> load_attempts(const std::filesystem::path& run_directory);

}  // namespace acim
