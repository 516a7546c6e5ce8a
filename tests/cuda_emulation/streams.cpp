// SPDX-License-Identifier: Apache-2.0
// Streams and events of the runtime API: tokens, since all work is done when its call returns.
#include <chrono>

#include "tests/cuda_emulation/api_call.hpp"

using namespace acim::emulation;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    return api_call([&](Machine& m, int device) {
        *stream = reinterpret_cast<cudaStream_t>(m.token());
        m.streams[*stream] = device;
        return cudaSuccess;
    });
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

// Also on a device that no longer works, as for memory.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Machine& m = machine();
    const std::lock_guard lock(m.mutex);
    if (m.streams.erase(stream) == 0) return record(cudaErrorInvalidResourceHandle);
    return record(state_of(m, current_device()));
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return api_call([&](Machine& m, int device) {
        if (!m.has(stream)) return cudaErrorInvalidResourceHandle;
        Device& owner = m.devices[stream == nullptr ? device : m.streams.at(stream)];
        return owner.broken != cudaSuccess ? owner.broken : wait_for(owner);
    });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    return api_call([&](Machine& m, int) {
        return m.has(stream) && m.events.contains(event) ? cudaSuccess
                                                         : cudaErrorInvalidResourceHandle;
    });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    return api_call([&](Machine& m, int) {
        *event = reinterpret_cast<cudaEvent_t>(m.token());
        m.events[*event] = {};
        return cudaSuccess;
    });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Machine& m = machine();
    const std::lock_guard lock(m.mutex);
    if (m.events.erase(event) == 0) return record(cudaErrorInvalidResourceHandle);
    return record(state_of(m, current_device()));
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    return api_call([&](Machine& m, int) {
        const auto found = m.events.find(event);
        if (found == m.events.end() || !m.has(stream)) return cudaErrorInvalidResourceHandle;
        found->second = std::chrono::steady_clock::now();
        return cudaSuccess;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return api_call([&](Machine& m, int device) {
        return m.events.contains(event) ? wait_for(m.devices[device])
                                        : cudaErrorInvalidResourceHandle;
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event) { return cudaEventSynchronize(event); }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    return api_call([&](Machine& m, int) {
        const auto first = m.events.find(from), last = m.events.find(to);
        if (first == m.events.end() || last == m.events.end())
            return cudaErrorInvalidResourceHandle;
        *milliseconds =
            std::chrono::duration<float, std::milli>(last->second - first->second).count();
        return cudaSuccess;
    });
}
