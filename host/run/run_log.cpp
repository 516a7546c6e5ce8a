// SPDX-License-Identifier: Apache-2.0
#include "host/run/run_log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

namespace acim {

RunLog::RunLog(const std::filesystem::path& file) {
    try {
        auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(file.string());
        logger_ = std::make_shared<spdlog::logger>("run", std::move(sink));
        logger_->set_pattern("%Y-%m-%dT%H:%M:%S%z %P %l %v");
        logger_->flush_on(spdlog::level::info);
        logger_->set_error_handler([](const std::string&) {});
    } catch (const spdlog::spdlog_ex&) {
        logger_ = nullptr;
    }
}

void RunLog::info(const std::string& line) {
    if (logger_) logger_->info(line);
}

void RunLog::warn(const std::string& line) {
    if (logger_) logger_->warn(line);
}

}  // namespace acim
