// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/engine/runtime.hpp"

namespace acim {

// Time between two points of a stream.
class Stopwatch {
public:
    explicit Stopwatch(cudaStream_t stream) : stream_(stream) {
        check(cudaEventCreate(&start_), "new event");
        check(cudaEventCreate(&stop_), "new event");
    }
    ~Stopwatch() {
        cudaEventDestroy(start_);
        cudaEventDestroy(stop_);
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

    void start() { check(cudaEventRecord(start_, stream_), "start of the clock"); }
    // Waits for what was started since; in seconds.
    double stop() {
        check(cudaEventRecord(stop_, stream_), "end of the clock");
        check(cudaEventSynchronize(stop_), "kernels that are timed");
        float milliseconds = 0.0F;
        check(cudaEventElapsedTime(&milliseconds, start_, stop_), "time of the clock");
        return 1e-3 * static_cast<double>(milliseconds);
    }

private:
    cudaStream_t stream_;
    cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace acim
