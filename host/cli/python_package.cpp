// SPDX-License-Identifier: Apache-2.0
#include "host/cli/python_package.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "host/core/project_files.hpp"

namespace acim {
namespace {

// The package lies among the program's own files; where there are none, Python may find one itself.
void add_package_path() {
    const std::filesystem::path folder = project_files() / "analysis";
    if (!std::filesystem::exists(folder / "acimsweep")) return;
    const char* known = std::getenv("PYTHONPATH");
    const std::string path =
        known != nullptr && *known != '\0' ? folder.string() + ":" + known : folder.string();
    setenv("PYTHONPATH", path.c_str(), 1);
}

// Exit status of a child; 128 + signal where one ended it, as a shell says it.
int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

// Debian's modules belong to Debian's interpreter, which need not be the first on PATH.
std::string python_interpreter() {
    if (const char* chosen = std::getenv("ACIM_PYTHON")) return chosen;
    return access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
}

int run_python_module(const std::string& module, std::span<const std::string> arguments) {
    std::vector<std::string> words = {python_interpreter(), "-m", module};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    add_package_path();
    pid_t child = 0;
    if (posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return -1;
    return wait_for(child);
}

}  // namespace acim
