// SPDX-License-Identifier: Apache-2.0
#include "host/cluster/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

[[noreturn]] void fail(const std::string& program, const char* step, int error) {
    throw StorageError(
        fmt::format("{}: {} failed ({}). Try again", program, step, std::strerror(error)));
}

// Both ends of a pipe; what is still open is closed at the end.
class Pipe {
public:
    explicit Pipe(const std::string& program) {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) fail(program, "opening a pipe to it", errno);
    }
    ~Pipe() {
        close(0);
        close(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int reader() const { return ends_[0]; }
    int writer() const { return ends_[1]; }
    void close(std::size_t end) {
        if (ends_[end] >= 0) ::close(ends_[end]);
        ends_[end] = -1;
    }
    // What is there now; false at the end.
    bool read_into(std::string& text) {
        std::array<char, 4096> buffer;
        const ssize_t count = ::read(reader(), buffer.data(), buffer.size());
        if (count < 0) return errno == EINTR;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        return count > 0;
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

// Both streams at once: a program that fills one pipe while the other is read would wait for ever.
void read_both(Pipe& output, Pipe& errors, ProgramResult& result) {
    std::array<pollfd, 2> wanted{{{output.reader(), POLLIN, 0}, {errors.reader(), POLLIN, 0}}};
    const std::array<std::string*, 2> texts{&result.output, &result.errors};
    const std::array<Pipe*, 2> pipes{&output, &errors};
    while (wanted[0].fd >= 0 || wanted[1].fd >= 0) {
        if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if (wanted[i].fd >= 0 && wanted[i].revents != 0 && !pipes[i]->read_into(*texts[i]))
                wanted[i].fd = -1;
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<char*> environment() {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!std::string_view(*entry).starts_with("SQUEUE_")) kept.push_back(*entry);
    kept.push_back(nullptr);
    return kept;
}

}  // namespace

std::string ProgramResult::complaint() const {
    std::string line = errors.empty() ? output : errors;
    while (!line.empty() && line.back() == '\n') line.pop_back();
    for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos; at += 2)
        line.replace(at, 1, "; ");
    return line.empty() ? fmt::format("exit code {}", exit_code) : line;
}

std::optional<ProgramResult> run_program(const std::vector<std::string>& words) {
    Pipe output(words.at(0)), errors(words.at(0));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.writer(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.writer(), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environment().data());
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT) return std::nullopt;
    if (error != 0) fail(words[0], "starting it", error);
    output.close(1);
    errors.close(1);
    ProgramResult result;
    read_both(output, errors, result);
    result.exit_code = wait_for(child);
    return result;
}

}  // namespace acim
