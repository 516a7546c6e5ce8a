// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/shell_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace acim {
namespace {

// Not std::isalnum, which asks the locale.
bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

}  // namespace

std::string shell_quote(std::string_view word) {
    const auto harmless = [](char c) {
        return is_plain(c) ||
               (c != '\0' && std::string_view("/:=,+@%").find(c) != std::string_view::npos);
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), harmless)) return std::string(word);
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::string command_line(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += shell_quote(word);
    }
    return line;
}

std::string plain_name(std::string_view text) {
    std::string name(text);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_plain(c); }, '-');
    return name;
}

std::string job_name(std::string_view sweep_name) {
    constexpr std::size_t longest = 48;
    return plain_name("acim-" + std::string(sweep_name)).substr(0, longest);
}

std::string index_list(const std::vector<std::uint32_t>& sorted) {
    std::string list;
    for (std::size_t i = 0; i < sorted.size();) {
        std::size_t end = i + 1;
        while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
        if (!list.empty()) list += ',';
        list += std::to_string(sorted[i]);
        if (end - i > 1) list += fmt::format("-{}", sorted[end - 1]);
        i = end;
    }
    return list;
}

}  // namespace acim
