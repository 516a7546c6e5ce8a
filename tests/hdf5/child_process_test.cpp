// SPDX-License-Identifier: Apache-2.0
// What a child process may do to its parent, and what it cannot.
#include "host/hdf5/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/core/error.hpp"
#include "host/hdf5/confinement.hpp"
#include "tests/hdf5/message_of.hpp"
#include "tests/hdf5/process_facts.hpp"

namespace acim::hdf5 {
namespace {

using ::testing::HasSubstr;

// A child whose answer to everything is what the action puts.
ChildTask task_of(Service action) {
    return {"in.h5", "", 0, 1 << 20,
            [action = std::move(action)](const std::string&, Answer&) { return action; }};
}

std::string death_of(Service action) {
    ChildProcess child(task_of(std::move(action)));
    const std::string first = message_of([&] { child.ask_number({}); });
    EXPECT_EQ(message_of([&] { child.ask_number({}); }), first) << "a dead child stays dead";
    EXPECT_TRUE(children_of_this_process().empty());
    return first;
}

TEST(ChildProcess, DeathIsAnInputErrorThatSaysWhy) {
    const auto by = [](int signal) {
        return [signal](const Request&, Answer&) { ::raise(signal); };
    };
    EXPECT_EQ(death_of(by(SIGSEGV)),
              "in.h5: damaged: the HDF5 library fails on it (Segmentation fault). Write it again");
    EXPECT_THAT(death_of(by(SIGABRT)), HasSubstr("(Aborted)"));
    EXPECT_THAT(death_of(by(SIGXCPU)), HasSubstr("(CPU time limit exceeded)"));
    EXPECT_THAT(death_of([](const Request&, Answer&) { _exit(0); }), HasSubstr("ends its process"));
    EXPECT_THAT(message_of([] {
                    ChildTask task = task_of({});
                    task.open = [](const std::string&, Answer&) -> Service { std::abort(); };
                    const ChildProcess child(task);
                }),
                HasSubstr("in.h5: damaged: the HDF5 library fails on it (Aborted)"));
}

TEST(ChildProcess, ErrorsComeOverAndTheChildLivesOn) {
    ChildProcess child(task_of([](const Request& ask, Answer& out) {
        if (ask.first == 1) throw InputError("input");
        if (ask.first == 2) throw StorageError("storage");
        if (ask.first == 3) throw ContractError("contract");
        if (ask.first == 4) throw std::bad_alloc();
        if (ask.first == 5) throw InputError(std::string(1 << 20, 'x'));
        out.put(ask.first);
    }));
    EXPECT_EQ(message_of([&] { child.ask_number({.first = 1}); }), "input");
    EXPECT_THROW(child.ask_number({.first = 2}), StorageError);
    EXPECT_THROW(child.ask_number({.first = 3}), ContractError);
    EXPECT_THAT(message_of([&] { child.ask_number({.first = 4}); }), HasSubstr("more memory"));
    EXPECT_THAT(message_of([&] { child.ask_number({.first = 5}); }), HasSubstr("xxx"));
    EXPECT_EQ(child.ask_number({.first = 7}), 7U);
}

// Claims so many bytes and sends others.
void lie(Status status, std::uint64_t claimed, std::size_t sent) {
    AnswerHead head{status, claimed};
    std::vector<std::byte> bytes(sent);
    iovec parts[2] = {{&head, sizeof head}, {bytes.data(), sent}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ::sendmsg(Confinement::socket, &message, 0);
}

TEST(ChildProcess, LiesAreNotBelieved) {
    const auto say = [](std::uint64_t claimed, std::uint64_t sent) {
        return [=](const Request&, Answer&) {
            lie(Status::good, claimed, sent);
            _exit(0);
        };
    };
    const auto told = [](Service lie, std::uint64_t most) {
        ChildProcess child(task_of(std::move(lie)));
        return message_of([&] { child.ask_bytes({}, most); });
    };
    EXPECT_THAT(told(say(std::uint64_t{1} << 60, 100), 1000), HasSubstr("answers nonsense"));
    EXPECT_THAT(told(say(std::uint64_t{1} << 60, 100), ~std::uint64_t{0}), HasSubstr("damaged"))
        << "memory grows as bytes arrive";
    EXPECT_THAT(death_of([](const Request&, Answer& out) { out.make(9); }),
                HasSubstr("answers nonsense"));
    EXPECT_THAT(death_of([](const Request&, Answer&) {
                    lie(static_cast<Status>(77), 0, 0);
                    ::pause();
                }),
                HasSubstr("damaged"));
}

// What an exploited library would try. Bit i of the answer: it worked.
void try_to_escape(const Request& ask, Answer& out) {
    std::uint64_t worked = 0;
    const auto attempt = [&](unsigned bit, long result) {
        if (result >= 0) worked |= std::uint64_t{1} << bit;
    };
    attempt(0, ::open("/etc/hostname", O_RDONLY));
    attempt(1, ::open("/tmp/acim_escaped", O_WRONLY | O_CREAT, 0600));
    if (prctl(PR_GET_SECCOMP) == 2) {
        attempt(2, ::socket(AF_INET, SOCK_STREAM, 0));
        attempt(3, ::kill(static_cast<pid_t>(ask.first), 0));
        attempt(4, ::unlink("/tmp/acim_not_there") == 0 || errno == ENOENT ? 0 : -1);
        attempt(5, ::chdir("/"));
        attempt(6, ::execl("/bin/true", "true", nullptr));
        const pid_t child = ::fork();
        if (child == 0) _exit(0);
        attempt(7, child);
    }
    out.put(worked);
}

TEST(ChildProcess, NothingElseIsWithinItsReach) {
    if (is_sanitized) GTEST_SKIP() << "sanitizers need all system calls";
    ChildProcess child(task_of(try_to_escape));
    EXPECT_EQ(child.ask_number({.first = static_cast<std::uint64_t>(getpid())}), 0U);
    const auto children = children_of_this_process();
    ASSERT_EQ(children.size(), 1U);
    EXPECT_EQ(descriptors_of(children[0]), 4U) << "three that lead nowhere and the connection";
}

}  // namespace
}  // namespace acim::hdf5
