// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/site_profile.hpp"

#include <sstream>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/atomic_file.hpp"

namespace acim {
namespace {

constexpr std::uintmax_t largest = 1 << 20;  // [byte]

std::string read_text(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
        throw InputError(fmt::format("--profile {}: no such file. Check the path", file.string()));
    if (std::filesystem::file_size(file, error) > largest)
        throw InputError(fmt::format("--profile {}: above 1 MiB. Give the head of a batch script",
                                     file.string()));
    const std::vector<std::byte> bytes = read_whole_file(file);
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.find('\0') != std::string::npos || text.find('\r') != std::string::npos)
        throw InputError(
            fmt::format("--profile {}: holds NUL or carriage return characters, which shells do "
                        "not take. Save it as text with Unix line ends",
                        file.string()));
    return text;
}

bool is_comment(const std::string& line) {
    const std::size_t first = line.find_first_not_of(" \t");
    return first == std::string::npos || line[first] == '#';
}

}  // namespace

std::string read_site_profile(const std::filesystem::path& file) {
    std::string text = read_text(file);
    std::istringstream lines(text);
    std::string line;
    int command = 0;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (!is_comment(line) && command == 0) command = number;
        if (command != 0 && line.starts_with("#SBATCH"))
            throw InputError(
                fmt::format("--profile {}: line {}: '{}' stands behind the command of line {}, "
                            "where Slurm passes over it. Move it up",
                            file.string(), number, line, command));
    }
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
}

}  // namespace acim
