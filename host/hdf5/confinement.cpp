// SPDX-License-Identifier: Apache-2.0
#include "host/hdf5/confinement.hpp"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace acim::hdf5 {

namespace {

constexpr int file_descriptor = Confinement::socket + 1;
constexpr std::uint64_t slack = std::uint64_t{512} << 20;  // [byte]: libraries, allocator, chunks

// For good: the upper limit falls as well.
void limit(__rlimit_resource_t resource, std::uint64_t value) {
    rlimit now{};
    if (getrlimit(resource, &now) == 0) {
        now.rlim_cur = now.rlim_max = std::min<rlim_t>(value, now.rlim_max);
        setrlimit(resource, &now);
    }
}

// Address space in use [byte].
std::uint64_t memory_in_use() {
    unsigned long long pages = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void close_from(int first) {
    if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0) return;
    for (long i = first, end = std::min(sysconf(_SC_OPEN_MAX), 65536L); i < end; ++i)
        ::close(static_cast<int>(i));
}

bool leads_to(const std::string& path, int descriptor) {
    struct stat named {
    }, open{};
    return ::stat(path.c_str(), &named) == 0 && ::fstat(descriptor, &open) == 0 &&
           named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

}  // namespace

void Confinement::reset_signals() {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGSYS, SIGALRM,
                             SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGCHLD})
        ::signal(signal, SIG_DFL);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP})
        ::signal(signal, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::string Confinement::keep_descriptors(int connection, const std::string& path) {
    // Duplicates lie above all that they are moved over.
    const int from = fcntl(connection, F_DUPFD, file_descriptor + 1);
    const int opened = path.empty() ? -1 : ::open(path.c_str(), O_RDONLY);
    const int file = opened < 0 ? -1 : fcntl(opened, F_DUPFD, file_descriptor + 1);
    const int null = ::open("/dev/null", O_RDWR);
    for (int i = 0; i <= STDERR_FILENO; ++i) {
        if (null < 0)
            ::close(i);
        else
            dup2(null, i);
    }
    dup2(from, socket);
    if (file < 0) {
        close_from(socket + 1);
        return path;
    }
    dup2(file, file_descriptor);
    close_from(file_descriptor + 1);
    if (leads_to(path, file_descriptor)) return path;
    return "/proc/self/fd/" + std::to_string(file_descriptor);  // was one of /proc/self/fd itself
}

void Confinement::limit_memory(std::uint64_t file_bytes, std::uint64_t byte_cap) {
    limit(RLIMIT_CORE, 0);
    if (!is_sanitized) limit(RLIMIT_AS, memory_in_use() + slack + 2 * file_bytes + byte_cap);
    if (std::FILE* file = std::fopen("/proc/self/oom_score_adj", "w")) {
        std::fputs("1000", file);
        std::fclose(file);
    }
}

void Confinement::forbid_opening() {
    if (!is_sanitized) limit(RLIMIT_NOFILE, 0);
}

void Confinement::renew_time(std::uint64_t bytes) {
    constexpr std::uint64_t least = 5, bytes_per_second = 20'000'000;
    static rlim_t current = 0;  // the process has one thread
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    const rlim_t wanted = static_cast<rlim_t>(used.tv_sec) + 1 + least + bytes / bytes_per_second;
    if (wanted == current) return;
    rlimit now{};
    if (getrlimit(RLIMIT_CPU, &now) == 0) {
        now.rlim_cur = std::min(wanted, now.rlim_max);
        setrlimit(RLIMIT_CPU, &now);
    }
    current = wanted;
}

}  // namespace acim::hdf5
