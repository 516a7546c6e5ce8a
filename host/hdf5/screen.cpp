// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/core/error.hpp"
#include "host/hdf5/library.hpp"
#include "host/hdf5/walk.hpp"

namespace acim::hdf5 {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

void limit(int resource, rlim_t value) {
    rlimit now{};
    if (getrlimit(static_cast<__rlimit_resource_t>(resource), &now) == 0) {
        now.rlim_cur = std::min(value, now.rlim_max);
        setrlimit(static_cast<__rlimit_resource_t>(resource), &now);
    }
}

// Address space in use [byte].
std::uint64_t memory_in_use() {
    unsigned long long pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%llu", &pages) != 1) {
            pages = 0;
        }
        std::fclose(file);
    }
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void set_limits(std::uint64_t file_bytes) {
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, 20 + file_bytes / 20'000'000);  // [s]: a slow disk and deflate do 20 MB/s
    if (!sanitized) {  // the shadow memory of sanitizers takes terabytes of addresses
        limit(RLIMIT_AS, memory_in_use() + (std::uint64_t{1} << 30) + 2 * file_bytes);
    }
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT, SIGXCPU}) {
        ::signal(signal, SIG_DFL);
    }
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);  // glibc and sanitizers tell there of what they find
}

// An error of the reader is met again by whoever reads on; memory that ran out here would be taken
// there, where no limit stands.
template <class Read>
void try_to(const Read& read) {
    const auto pass = [](const std::exception& error) {
        if (std::strstr(error.what(), "alloc") != nullptr) {
            _exit(2);
        }
    };
    try {
        read();
    } catch (const InputError& error) {
        pass(error);
    } catch (const ContractError& error) {
        pass(error);
    }
}

void read_all(const Reader& in) {
    constexpr std::uint64_t most_bytes = 256 << 20;
    walk(in, [&](const std::string& path) {
        for (const std::string& name : in.attributes(path)) {
            try_to([&] { in.attribute_text(path, name); });
            try_to([&] { in.attribute_values<double>(path, name); });
        }
        if (in.is_dataset(path)) {
            try_to([&] { read_values(in, path, most_bytes); });
        }
    });
}

[[noreturn]] void be_the_child(std::uint64_t file_bytes, const std::function<Reader()>& open) {
    LibraryLock::alone();
    set_limits(file_bytes);
    try {
        try_to([&] { read_all(open()); });
    } catch (...) {
        _exit(2);
    }
    _exit(0);
}

}  // namespace

void screen(const std::string& name, std::uint64_t file_bytes,
            const std::function<Reader()>& open) {
    pid_t child = 0;
    {
        const LibraryLock lock;  // no other thread is within HDF5 at the fork
        child = fork();
    }
    if (child == 0) {
        be_the_child(file_bytes, open);
    }
    if (child < 0) {
        throw StorageError(fmt::format("{}: no process can be started to screen it ({}). Try again",
                                       name, std::strerror(errno)));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return;
    }
    throw InputError(fmt::format(
        "{}: damaged: the HDF5 library fails on it ({}). Write it again", name,
        WIFSIGNALED(status) ? sigdescr_np(WTERMSIG(status)) : "out of memory or worse"));
}

void screen_path(const std::string& path, const std::function<Reader()>& open) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) {
        return;  // opening it says why
    }
    using Stamp = std::array<std::int64_t, 5>;
    static std::set<Stamp> screened;  // guarded by the library's mutex
    const Stamp stamp{static_cast<std::int64_t>(info.st_dev),
                      static_cast<std::int64_t>(info.st_ino), info.st_size, info.st_mtim.tv_sec,
                      info.st_mtim.tv_nsec};
    const LibraryLock lock;
    if (screened.contains(stamp)) {
        return;
    }
    screen(path, static_cast<std::uint64_t>(info.st_size), open);
    screened.insert(stamp);
}

}  // namespace acim::hdf5
