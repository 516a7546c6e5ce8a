// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

namespace acim::hdf5 {

// Children of this process, dead ones that nobody has waited for included (proc(5)).
inline std::vector<pid_t> children_of_this_process() {
    std::vector<pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream file(entry.path() / "stat");
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const std::size_t end = text.rfind(')');  // of the name; state and parent follow
        if (end == std::string::npos || end + 4 > text.size()) continue;
        if (std::stol(text.substr(end + 4)) == getpid()) {
            children.push_back(static_cast<pid_t>(std::stol(name)));
        }
    }
    return children;
}

inline std::size_t descriptors_of(pid_t process) {
    const std::string folder = "/proc/" + std::to_string(process) + "/fd";
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

}  // namespace acim::hdf5
