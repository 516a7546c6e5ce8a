// SPDX-License-Identifier: Apache-2.0
// The program's own pthread_create, which shared libraries too call in place of the C library's.
#include "tests/engine_cuda/refused_threads.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <limits>

namespace {

std::atomic<int> allowed = std::numeric_limits<int>::max();
std::atomic<int> refusals = 0;

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
    static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
    if (allowed-- > 0) return create(thread, attributes, start, argument);
    ++refusals;
    return EAGAIN;
}

namespace acim::testing_device {

RefusedThreads::RefusedThreads(int most) {
    refusals = 0;
    allowed = most;
}

RefusedThreads::~RefusedThreads() { allowed = std::numeric_limits<int>::max(); }

int RefusedThreads::refused() const { return refusals; }

}  // namespace acim::testing_device
