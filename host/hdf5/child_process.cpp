// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/child_service.hpp"
#include "host/hdf5/library.hpp"

namespace acim::hdf5 {

namespace {

constexpr std::uint64_t most_text = std::uint64_t{64} << 10;  // of a message [byte]

// No handler of this process runs in the child before it has taken its own.
class SignalPause {
public:
    SignalPause() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalPause() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalPause(const SignalPause&) = delete;
    SignalPause& operator=(const SignalPause&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

ChildProcess::ChildProcess(const ChildTask& task) : name_(task.name), owner_(getpid()) {
    start(task);
    try {
        const AnswerHead head = receive_answer();
        if (head.bytes > most_text) fail_nonsense();
        if (!receive_growing(socket_, greeting_, head.bytes)) fail_dead();
    } catch (...) {
        end();
        throw;
    }
}

ChildProcess::~ChildProcess() { end(); }

void ChildProcess::start(const ChildTask& task) {
    // No other thread is within HDF5 at the fork, and no other child is born meanwhile, which would
    // hold these ends.
    const LibraryLock lock;
    int ends[2] = {-1, -1};
    int reason = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        reason = errno;
    } else {
        const SignalPause pause;
        child_ = fork();
        if (child_ == 0) serve_in_child(task, ends[1]);
        reason = errno;
        ::close(ends[1]);
        socket_ = ends[0];
    }
    if (child_ < 0) {
        end();
        throw StorageError(fmt::format("{}: no process can be started to read it ({}). Try again",
                                       name_, std::strerror(reason)));
    }
}

void ChildProcess::ask(const Request& request, void* data, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    send(request);
    if (receive_answer().bytes != bytes) fail_nonsense();
    if (!receive_all(socket_, data, bytes)) fail_dead();
}

std::uint64_t ChildProcess::ask_number(const Request& request) {
    std::uint64_t number = 0;
    ask(request, &number, sizeof number);
    return number;
}

std::vector<std::byte> ChildProcess::ask_bytes(const Request& request, std::uint64_t most) {
    const std::lock_guard lock(mutex_);
    send(request);
    const AnswerHead head = receive_answer();
    if (head.bytes > most) fail_nonsense();
    std::vector<std::byte> bytes;
    if (!receive_growing(socket_, bytes, head.bytes)) fail_dead();
    return bytes;
}

void ChildProcess::refuse_answer() {
    const std::lock_guard lock(mutex_);
    fail_nonsense();
}

void ChildProcess::send(const Request& request) {
    if (child_ < 0) throw InputError(dead_);
    if (!send_request(socket_, request)) fail_dead();
}

// Throws what the child says went wrong.
AnswerHead ChildProcess::receive_answer() {
    AnswerHead head;
    if (!receive_head(socket_, head)) fail_dead();
    if (head.status == Status::good) return head;
    if (head.bytes > most_text) fail_nonsense();
    std::string text(head.bytes, '\0');
    if (!receive_all(socket_, text.data(), text.size())) fail_dead();
    switch (head.status) {
        case Status::storage_error:
            throw StorageError(text);
        case Status::contract_error:
            throw ContractError(text);
        default:
            throw InputError(text);
    }
}

void ChildProcess::fail_dead() { fail(end()); }

void ChildProcess::fail_nonsense() {
    end();
    fail("it answers nonsense");
}

void ChildProcess::fail(const std::string& reason) {
    dead_ = fmt::format("{}: damaged: the HDF5 library fails on it ({}). Write it again", name_,
                        reason);
    throw InputError(dead_);
}

// Ends the child, if it still lives, and says why it ended.
std::string ChildProcess::end() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    if (child_ < 0 || getpid() != owner_) return "";
    ::kill(child_, SIGKILL);  // changes nothing for one that is dying already
    int status = 0;
    pid_t ended = 0;
    do {
        ended = waitpid(child_, &status, 0);
    } while (ended < 0 && errno == EINTR);
    child_ = -1;
    if (ended < 0 || !WIFSIGNALED(status)) return "it ends its process";
    return sigdescr_np(WTERMSIG(status));
}

}  // namespace acim::hdf5
