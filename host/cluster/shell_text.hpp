// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace acim {

// The word as POSIX shells read it back, whatever it holds: spaces, quotes, newlines, `$(...)`.
std::string shell_quote(std::string_view word);

// The words of a command, quoted where they need it, with spaces in between.
std::string command_line(const std::vector<std::string>& words);

// The text in what every scheduler takes for a name: letters, digits, '.', '_' and '-'. Everything
// else becomes '-'.
std::string plain_name(std::string_view text);

// The name of a sweep's job: "acim-" and the beginning of the sweep's name, 48 characters at most.
std::string job_name(std::string_view sweep_name);

// Sorted numbers as schedulers write them: "0-3,7".
std::string index_list(const std::vector<std::uint32_t>& sorted);

}  // namespace acim
