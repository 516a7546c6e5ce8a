// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <sys/types.h>

#include "host/hdf5/wire.hpp"

namespace acim::hdf5 {

// Answers one request, in the child. What it throws goes to the parent: InputError, StorageError and
// ContractError as they are, memory that is not there as an InputError.
using Service = std::function<void(const Request&, Answer&)>;

// A file for a child process. `open` runs there, once everything else is out of reach, with a path of
// the file; its answer is the greeting.
struct ChildTask {
    std::string name;  // of the file in messages
    std::string path;  // empty where the bytes are in memory
    std::uint64_t file_bytes = 0;
    std::uint64_t byte_cap = 0;  // most that one answer holds
    std::function<Service(const std::string& path, Answer& greeting)> open;
};

// A confined child process (confinement.hpp, system_calls.hpp) that runs the HDF5 library on one
// file: a damaged or hostile one crashes it and not this process. Requests of several threads take
// turns. A child that dies gives an InputError, now and ever after; nothing that it says is believed
// beyond what was asked for. It ends with this object, or by itself where this process dies: then its
// connection does. (A signal of the kernel at the parent's death would come when the thread ends that
// started the child.)
class ChildProcess {
public:
    // StorageError where no process can be started, and what `open` throws.
    explicit ChildProcess(const ChildTask& task);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    const std::string& name() const { return name_; }
    const std::vector<std::byte>& greeting() const { return greeting_; }

    // The answer has exactly this many bytes and goes there.
    void ask(const Request& request, void* data, std::size_t bytes);
    std::uint64_t ask_number(const Request& request);
    // The answer has at most `most` bytes.
    std::vector<std::byte> ask_bytes(const Request& request, std::uint64_t most);
    // What the last answer holds makes no sense: ends the child. InputError.
    [[noreturn]] void refuse_answer();

private:
    [[noreturn]] void fail_nonsense();
    void start(const ChildTask& task);
    AnswerHead receive_answer();
    void send(const Request& request);
    [[noreturn]] void fail_dead();
    [[noreturn]] void fail(const std::string& reason);
    std::string end();

    std::string name_;
    std::mutex mutex_;
    int socket_ = -1;
    pid_t child_ = -1;
    pid_t owner_ = -1;  // a copy of this object in another process has no child
    std::string dead_;  // why there is no child any more
    std::vector<std::byte> greeting_;
};

}  // namespace acim::hdf5
