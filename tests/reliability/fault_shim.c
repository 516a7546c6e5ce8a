// SPDX-License-Identifier: Apache-2.0
// A library for LD_PRELOAD that makes chosen storage calls of a program fail, kills the program in
// one, writes down all of them, and moves its wall clock. README.md beside it has the language.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_RULES = 16,
    KILL_BEFORE = -1,
    KILL_AFTER = -2,
    SHORT_WRITE = -3,
    MOVE = -4,
    HIDE = -5,
    LOSE = -6
};

// One rule of ACIM_FAULT: the calls `first` to `last` of this kind on paths like this one.
struct Rule {
    char call[16];
    char path[PATH_MAX];
    unsigned long first, last;
    int action;  // an error number, or one of the above
    int late;    // the call is made, and fails all the same
    atomic_ulong seen;
};

static struct Rule rules[MAX_RULES];
static int rule_count;
static int trace = -1;
static const char* traced = "*";
static long clock_jump, clock_calls;
static atomic_long clock_seen;

static const struct {
    const char* name;
    int action;
} actions[] = {
    {"EIO", EIO},           {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},    {"EROFS", EROFS},
    {"EACCES", EACCES},     {"EINTR", EINTR},   {"EINVAL", EINVAL},    {"ESTALE", ESTALE},
    {"ENOLCK", ENOLCK},     {"EMFILE", EMFILE}, {"KILL", KILL_BEFORE}, {"KILLED", KILL_AFTER},
    {"SHORT", SHORT_WRITE}, {"MOVE", MOVE},     {"HIDE", HIDE},        {"LOSE", LOSE}};

static void refuse(const char* text) {
    fprintf(stderr, "fault_shim: cannot read '%s'\n", text);
    _exit(125);
}

static int action_of(const char* name) {
    for (size_t i = 0; i < sizeof actions / sizeof *actions; ++i)
        if (strcmp(name, actions[i].name) == 0) return actions[i].action;
    refuse(name);
    return 0;
}

// "call:path:first[-last|+]:[late-]action"
static void read_rule(const char* text) {
    if (rule_count == MAX_RULES) refuse(text);
    struct Rule* rule = &rules[rule_count++];
    char count[32], action[32];
    if (sscanf(text, "%15[^:]:%4095[^:]:%31[^:]:%31s", rule->call, rule->path, count, action) != 4)
        refuse(text);
    char* end = NULL;
    rule->first = rule->last = strtoul(count, &end, 10);
    if (*end == '+') rule->last = ULONG_MAX;
    if (*end == '-') rule->last = strtoul(end + 1, NULL, 10);
    rule->late = strncmp(action, "late-", 5) == 0;
    rule->action = action_of(action + (rule->late ? 5 : 0));
}

// A child that reads foreign files gives other things the number of this descriptor.
static void stop_tracing(void) { trace = -1; }

__attribute__((constructor)) static void read_environment(void) {
    const char* faults = getenv("ACIM_FAULT");
    char* copy = strdup(faults != NULL ? faults : "");
    char* rest = NULL;
    for (char* text = strtok_r(copy, ";", &rest); text != NULL; text = strtok_r(NULL, ";", &rest))
        read_rule(text);
    free(copy);
    const char* path = getenv("ACIM_FAULT_TRACE");
    if (path != NULL)
        trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                             0666);
    if (getenv("ACIM_FAULT_TRACED") != NULL) traced = getenv("ACIM_FAULT_TRACED");
    const char* jump = getenv("ACIM_FAULT_CLOCK");
    if (jump != NULL && sscanf(jump, "%ld@%ld", &clock_jump, &clock_calls) != 2) refuse(jump);
    pthread_atfork(NULL, NULL, stop_tracing);
    // Programs that this one starts are not meant.
    unsetenv("LD_PRELOAD");
}

static void note(const char* step, const char* call, const char* path) {
    if (trace < 0 || fnmatch(traced, path, 0) != 0) return;
    char line[PATH_MAX + 64];
    const int size = snprintf(line, sizeof line, "%s %s %s\n", step, call, path);
    if (size > 0) syscall(SYS_write, trace, line, (size_t)size);
}

// The rule that this call falls under, or null.
static struct Rule* rule_for(const char* call, const char* path) {
    struct Rule* chosen = NULL;
    for (int i = 0; i < rule_count; ++i) {
        struct Rule* rule = &rules[i];
        if (strcmp(rule->call, "any") != 0 && strcmp(rule->call, call) != 0) continue;
        if (fnmatch(rule->path, path, 0) != 0) continue;
        const unsigned long seen = atomic_fetch_add(&rule->seen, 1) + 1;
        if (seen >= rule->first && seen <= rule->last && chosen == NULL) chosen = rule;
    }
    return chosen;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// As a worker that folds segments does: the content gets another name before this one goes.
static void move(const char* path) {
    char other[PATH_MAX + 16];
    snprintf(other, sizeof other, "%s.moved.h5", path);
    syscall(SYS_renameat, AT_FDCWD, path, AT_FDCWD, other);
}

// Before a call: the fault that it meets, which may be the end.
static struct Rule* enter(const char* call, const char* path) {
    struct Rule* rule = rule_for(call, path);
    note("begin", call, path);
    if (rule != NULL && rule->action == KILL_BEFORE) die();
    if (rule != NULL && rule->action == MOVE) move(path);
    return rule;
}

// After a call: its result, or the error of the fault.
static long leave(struct Rule* rule, long result, const char* call, const char* path) {
    const int error = errno;
    note(result < 0 ? "failed" : "end", call, path);
    errno = error;
    if (rule == NULL) return result;
    if (rule->action == KILL_AFTER) die();
    if (rule->action <= 0) return result;
    errno = rule->action;
    return -1;
}

// True where the call is to be made at all.
static int made(const struct Rule* rule) { return rule == NULL || rule->late || rule->action < 0; }

static const char* path_of(int descriptor, char* path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    return path;
}

static int open_any(int folder, const char* path, int flags, mode_t mode) {
    // What is opened for reading counts apart from what is made.
    const char* call = (flags & O_ACCMODE) == O_RDONLY ? "look" : "open";
    struct Rule* rule = enter(call, path);
    const long result = made(rule) ? syscall(SYS_openat, folder, path, flags, mode) : -1;
    const long told = leave(rule, result, call, path);
    if (told < 0 && result >= 0) syscall(SYS_close, (int)result);
    return (int)told;
}

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_any(AT_FDCWD, path, flags, mode);
}

// As std::filesystem lists directories.
int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_any(folder, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_any(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

// As std::ifstream opens.
static FILE* open_stream(const char* name, const char* path, const char* mode) {
    FILE* (*next)(const char*, const char*) = NULL;
    *(void**)&next = dlsym(RTLD_NEXT, name);
    struct Rule* rule = rule_count > 0 && mode[0] == 'r' ? enter("look", path) : NULL;
    if (rule == NULL || rule->action <= 0) return next(path, mode);
    errno = rule->action;
    return NULL;
}

FILE* fopen(const char* restrict path, const char* restrict mode) {
    return open_stream("fopen", path, mode);
}

FILE* fopen64(const char* restrict path, const char* restrict mode) {
    return open_stream("fopen64", path, mode);
}

// A listing of many entries takes several calls, between which names come and go: HIDE leaves one out.
struct dirent* readdir(DIR* folder) {
    struct dirent* (*next)(DIR*) = NULL;
    *(void**)&next = dlsym(RTLD_NEXT, "readdir");
    for (;;) {
        struct dirent* entry = next(folder);
        if (entry == NULL || rule_count == 0) return entry;
        char path[PATH_MAX], whole[PATH_MAX + 256];
        snprintf(whole, sizeof whole, "%s/%s", path_of(dirfd(folder), path), entry->d_name);
        const struct Rule* rule = rule_for("list", whole);
        if (rule == NULL || rule->action != HIDE) return entry;
    }
}

struct dirent64* readdir64(DIR* folder) {
    return (struct dirent64*)readdir(folder);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
    char path[PATH_MAX];
    if (rule_count == 0 && trace < 0) return syscall(SYS_write, descriptor, bytes, size);
    struct Rule* rule = enter("write", path_of(descriptor, path));
    if (rule != NULL && rule->action == LOSE) return leave(rule, (long)size, "write", path);
    const int half = rule != NULL && rule->action == SHORT_WRITE;
    const long result =
        made(rule) ? syscall(SYS_write, descriptor, bytes, half ? (size + 1) / 2 : size) : -1;
    return leave(rule, result, "write", path);
}

ssize_t read(int descriptor, void* bytes, size_t size) {
    char path[PATH_MAX];
    if (rule_count == 0) return syscall(SYS_read, descriptor, bytes, size);
    struct Rule* rule = rule_for("read", path_of(descriptor, path));
    const long result = made(rule) ? syscall(SYS_read, descriptor, bytes, size) : -1;
    if (rule == NULL || rule->action <= 0) return result;
    errno = rule->action;
    return -1;
}

int fsync(int descriptor) {
    char path[PATH_MAX];
    struct Rule* rule = enter("fsync", path_of(descriptor, path));
    return (int)leave(rule, made(rule) ? syscall(SYS_fsync, descriptor) : -1, "fsync", path);
}

// A failed close has closed all the same.
int close(int descriptor) {
    char path[PATH_MAX];
    if (rule_count == 0 && trace < 0) return (int)syscall(SYS_close, descriptor);
    path_of(descriptor, path);
    struct Rule* rule = rule_for("close", path);
    if (rule != NULL && rule->action == KILL_BEFORE) die();
    const long result = syscall(SYS_close, descriptor);
    if (rule == NULL || rule->action <= 0) return (int)result;
    errno = rule->action;
    return -1;
}

int rename(const char* from, const char* to) {
    struct Rule* rule = enter("rename", to);
    return (int)leave(rule, made(rule) ? syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to) : -1,
                      "rename", to);
}

int unlink(const char* path) {
    struct Rule* rule = enter("unlink", path);
    return (int)leave(rule, made(rule) ? syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1, "unlink",
                      path);
}

int remove(const char* path) {
    struct stat status;
    const int folder = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
    struct Rule* rule = enter("unlink", path);
    const int flags = folder ? AT_REMOVEDIR : 0;
    return (int)leave(rule, made(rule) ? syscall(SYS_unlinkat, AT_FDCWD, path, flags) : -1,
                      "unlink", path);
}

int mkdir(const char* path, mode_t mode) {
    struct Rule* rule = enter("mkdir", path);
    return (int)leave(rule, made(rule) ? syscall(SYS_mkdirat, AT_FDCWD, path, mode) : -1, "mkdir",
                      path);
}

int flock(int descriptor, int operation) {
    char path[PATH_MAX];
    struct Rule* rule = enter("lock", path_of(descriptor, path));
    return (int)leave(rule, made(rule) ? syscall(SYS_flock, descriptor, operation) : -1, "lock",
                      path);
}

static int control(int descriptor, int command, void* argument) {
    const int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
                      command == F_OFD_SETLK || command == F_OFD_SETLKW;
    if (!locks) return (int)syscall(SYS_fcntl, descriptor, command, argument);
    char path[PATH_MAX];
    struct Rule* rule = enter("lock", path_of(descriptor, path));
    return (int)leave(rule, made(rule) ? syscall(SYS_fcntl, descriptor, command, argument) : -1,
                      "lock", path);
}

int fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    return control(descriptor, command, argument);
}

int fcntl64(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    return control(descriptor, command, argument);
}

// What the wall clock is off by, after so many readings of it.
static time_t jump(void) {
    return clock_jump != 0 && atomic_fetch_add(&clock_seen, 1) >= clock_calls ? clock_jump : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
    const int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += jump();
    return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
    const int result = (int)syscall(SYS_gettimeofday, now, zone);
    if (result == 0) now->tv_sec += jump();
    return result;
}

time_t time(time_t* now) {
    struct timespec value;
    clock_gettime(CLOCK_REALTIME, &value);
    if (now != NULL) *now = value.tv_sec;
    return value.tv_sec;
}
