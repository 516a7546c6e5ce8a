// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/time_limit.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/core/parse_number.hpp"

namespace acim {
namespace {

[[noreturn]] void refuse(const std::string& text) {
    throw InputError(
        fmt::format("--time {}: not a time limit. Give minutes, as in 90, or "
                    "[days-]hours:minutes:seconds, as in 1-12:00:00",
                    text));
}

std::uint64_t number(std::string_view part, const std::string& text) {
    std::uint32_t value = 0;  // the sum of three of these, in seconds, is far below 2^64
    if (!parse_number(part, value)) refuse(text);
    return value;
}

std::vector<std::uint64_t> parts_of(std::string_view rest, const std::string& text) {
    std::vector<std::uint64_t> parts;
    for (;;) {
        const std::size_t colon = rest.find(':');
        parts.push_back(number(rest.substr(0, colon), text));
        if (colon == std::string_view::npos) return parts;
        rest.remove_prefix(colon + 1);
    }
}

}  // namespace

std::optional<std::uint64_t> time_limit_seconds(const std::string& text) {
    if (text.empty() || text == "UNLIMITED" || text == "INFINITE") return std::nullopt;
    const std::size_t dash = text.find('-');
    const bool days = dash != std::string::npos;
    std::vector<std::uint64_t> parts =
        parts_of(std::string_view(text).substr(days ? dash + 1 : 0), text);
    if (parts.size() > 3) refuse(text);
    if (!days && parts.size() < 3) parts.insert(parts.begin(), 0);  // minutes come first
    parts.resize(3);
    std::uint64_t seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    if (days) seconds += 86400 * number(std::string_view(text).substr(0, dash), text);
    if (seconds == 0) refuse(text);
    return seconds;
}

std::uint64_t warning_seconds(const std::optional<std::uint64_t>& limit) {
    constexpr std::uint64_t usual = 120;
    return limit ? std::clamp<std::uint64_t>(*limit / 5, 10, usual) : usual;
}

std::string clock_text(std::uint64_t seconds) {
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace acim
