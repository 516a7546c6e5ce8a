// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "host/core/allotment.hpp"

// Shared by the passes over images in this folder.
namespace acim {

// Calls body(thread, begin, end) on `threads` threads with equal, consecutive parts of
// [first, first + images). The first exception is thrown again after all have ended.
inline void parallel_images(std::uint32_t first, std::uint32_t images, int threads,
                            const std::function<void(int, std::uint32_t, std::uint32_t)>& body) {
    std::exception_ptr failure;
    std::mutex mutex;
    const auto part = [&](int i) {
        return first + static_cast<std::uint32_t>(std::uint64_t{images} * i / threads);
    };
    const auto work = [&](int t) {
        try {
            body(t, part(t), part(t + 1));
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> pool;
        int t = 1;
        try {
            for (; t < threads; ++t) pool.emplace_back(work, t);
        } catch (const std::system_error&) {  // this thread takes what the machine refused
            for (; t < threads; ++t) work(t);
        }
        work(0);
    }
    if (failure) std::rethrow_exception(failure);
}

// The number of threads that parallel_images() gets: 0 means every usable core, never more than images.
inline int image_threads(int wanted, std::uint32_t images) {
    const auto threads = static_cast<std::uint32_t>(wanted > 0 ? wanted : usable_cores());
    return static_cast<int>(threads < images ? threads : (images > 0 ? images : 1U));
}

// The same where each thread holds so many bytes, as many as have room; `what` names them
// (threads_in_memory()).
inline int image_threads(int wanted, std::uint32_t images, std::uint64_t bytes,
                         const std::string& what) {
    return threads_in_memory(image_threads(wanted, images), bytes, what);
}

}  // namespace acim
