// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace acim {

// log.txt of a run directory: a line with time and process for what happened to a run, appended by
// every process that works there. Nothing depends on it, so that a full disk only silences it.
class RunLog {
public:
    explicit RunLog(const std::filesystem::path& file);
    void info(const std::string& line);
    void warn(const std::string& line);

private:
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace acim
