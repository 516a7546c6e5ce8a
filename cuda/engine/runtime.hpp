// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "cuda/engine/memory_pool.hpp"

// Ownership and failures of the CUDA runtime.
namespace acim {

// A device that fails; says which call.
class DeviceError : public std::runtime_error {
public:
    DeviceError(cudaError_t code, const std::string& message)
        : std::runtime_error(message), code_(code) {}
    bool out_of_memory() const { return code_ == cudaErrorMemoryAllocation; }

private:
    cudaError_t code_;
};

// Throws DeviceError where a call has failed.
inline void check(cudaError_t code, const char* what) {
    if (code == cudaSuccess) return;
    // A failure that is not sticky must not show again in the next call.
    static_cast<void>(cudaGetLastError());
    throw DeviceError(code, std::string(what) + ": " + cudaGetErrorString(code));
}

class Stream {
public:
    Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "new stream"); }
    ~Stream() { cudaStreamDestroy(stream_); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    operator cudaStream_t() const { return stream_; }
    void wait() const { check(cudaStreamSynchronize(stream_), "kernels of the engine"); }

private:
    cudaStream_t stream_ = nullptr;
};

// n values in device memory, not initialised; from a pool, if there is one, which outlives them.
template <class T>
class DeviceArray {
public:
    DeviceArray() = default;
    explicit DeviceArray(std::size_t n, MemoryPool* pool = nullptr) : size_(n), pool_(pool) {
        if (n == 0) return;
        if (pool != nullptr) {
            data_ = static_cast<T*>(pool->take(bytes()));
            return;
        }
        const cudaError_t code = cudaMalloc(reinterpret_cast<void**>(&data_), bytes());
        if (code != cudaSuccess)
            check(code, ("cudaMalloc of " + std::to_string(bytes()) + " bytes").c_str());
    }
    explicit DeviceArray(std::span<const T> values, MemoryPool* pool = nullptr)
        : DeviceArray(values.size(), pool) {
        if (size_ == 0) return;
        check(cudaMemcpy(data_, values.data(), bytes(), cudaMemcpyHostToDevice), "upload");
        // The copy may still be under way, and the engine's streams do not wait for this one.
        check(cudaStreamSynchronize(nullptr), "upload");
    }
    ~DeviceArray() {
        if (pool_ != nullptr)
            pool_->give(data_, bytes());
        else
            cudaFree(data_);
    }
    DeviceArray(DeviceArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          pool_(std::exchange(other.pool_, nullptr)) {}
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(pool_, other.pool_);
        return *this;
    }

    T* data() const { return data_; }
    std::size_t size() const { return size_; }
    std::size_t bytes() const { return size_ * sizeof(T); }
    // What they take of the device's memory [byte].
    std::size_t footprint() const {
        return pool_ != nullptr ? MemoryPool::size_class(bytes()) : bytes();
    }

    void upload(std::span<const T> values, cudaStream_t stream) {
        if (values.empty()) return;
        check(cudaMemcpyAsync(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice,
                              stream),
              "upload");
    }
    void download(std::span<T> values, cudaStream_t stream) const {
        check(cudaMemcpyAsync(values.data(), data_, values.size_bytes(), cudaMemcpyDeviceToHost,
                              stream),
              "download");
    }
    // Makes room for n values; what was there is lost if it grows.
    void reserve(std::size_t n) {
        if (n <= size_) return;
        *this = DeviceArray();  // first give back, then ask for more
        *this = DeviceArray(n);
    }
    void clear(cudaStream_t stream) {
        if (size_ > 0) check(cudaMemsetAsync(data_, 0, bytes(), stream), "clear");
    }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
    MemoryPool* pool_ = nullptr;
};

}  // namespace acim
