// SPDX-License-Identifier: Apache-2.0
// A program of classic BPF, run by the kernel before each system call (seccomp(2)).
#include "host/hdf5/system_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ACIM_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ACIM_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

namespace acim::hdf5 {

#ifdef ACIM_AUDIT_ARCH

namespace {

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | 1;  // EPERM

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter end(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// The lower half of an argument; those that are checked are 32 bits wide.
std::size_t argument(unsigned index) { return offsetof(seccomp_data, args) + 8 * index; }

class Filter {
public:
    Filter() {
        program_ = {load(offsetof(seccomp_data, arch)),
                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ACIM_AUDIT_ARCH, 1, 0), end(refuse),
                    load(offsetof(seccomp_data, nr))};
    }

    void let(std::initializer_list<long> calls) {
        for (const long call : calls) {
            add({BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1),
                 end(allow)});
        }
    }

    // Only where the bits of the argument under the mask have the value.
    void let_where(long call, unsigned index, std::uint32_t mask, std::uint32_t value) {
        add({BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 5),
             load(argument(index)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), end(allow), end(refuse)});
    }

    void install() {
        program_.push_back(end(refuse));
        sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
        }
    }

private:
    void add(std::initializer_list<sock_filter> steps) { program_.insert(program_.end(), steps); }
    std::vector<sock_filter> program_;
};

}  // namespace

void keep_system_calls(Allowed allowed, int socket) {
    constexpr std::uint32_t whole = ~std::uint32_t{0};
    Filter filter;
    filter.let({SYS_read, SYS_pread64, SYS_readv, SYS_preadv, SYS_lseek, SYS_fstat, SYS_close});
    filter.let({SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_futex, SYS_sched_yield});
    filter.let({SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_sigaltstack});
    filter.let({SYS_exit, SYS_exit_group, SYS_restart_syscall, SYS_getpid, SYS_gettid});
    filter.let({SYS_getrusage, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom});
    filter.let_where(SYS_recvfrom, 0, whole, static_cast<std::uint32_t>(socket));
    filter.let_where(SYS_sendmsg, 0, whole, static_cast<std::uint32_t>(socket));
    filter.let_where(SYS_mmap, 2, PROT_EXEC, 0);
    filter.let_where(SYS_mprotect, 2, PROT_EXEC, 0);
    filter.let_where(SYS_prlimit64, 0, whole, 0);                                  // its own limits
    filter.let_where(SYS_tgkill, 0, whole, static_cast<std::uint32_t>(getpid()));  // abort()
    if (allowed == Allowed::opening) {
        filter.let_where(SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
        filter.let({SYS_newfstatat, SYS_readlinkat, SYS_getcwd, SYS_fcntl, SYS_flock, SYS_statx});
#ifdef SYS_readlink
        filter.let({SYS_stat, SYS_lstat, SYS_readlink});
#endif
    }
    filter.let_where(SYS_newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH);  // fstat() of glibc
    filter.install();
}

#else

void keep_system_calls(Allowed, int) {}

#endif

}  // namespace acim::hdf5
