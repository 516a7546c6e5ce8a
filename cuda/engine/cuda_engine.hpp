// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/trial/engine.hpp"

// The factory of the CUDA engine. A build without CUDA has a twin of it that says so.
namespace acim {

struct CudaDevice {
    int index = 0;
    std::string name;
    int major = 0, minor = 0;         // compute capability
    int processors = 0;               // streaming multiprocessors
    double clock = 0.0;               // largest of an SM [Hz]; 0: not told
    double bandwidth = 0.0;           // of its memory, the largest [byte/s]; 0: not told
    std::uint64_t memory = 0;         // [byte]
    std::uint64_t shared_memory = 0;  // most that a block can have [byte]
};

// What this build and this machine offer.
struct CudaStatus {
    bool compiled = false;
    std::string runtime, driver;  // versions, "" if unknown
    std::string product_library;  // who multiplies integer matrices: "cuBLAS 13.0" or "own kernels"
    std::vector<CudaDevice> devices;  // that the engine can use
    std::string missing;              // one line of what to do where there is none
};
CudaStatus cuda_status();

struct CudaEngineOptions {
    std::vector<int> devices;        // indices; empty: all
    std::uint64_t memory_limit = 0;  // of one device [byte]; 0: most of what is free
    std::uint32_t batch_images = 0;  // at most; 0: what fits and is worth while
    bool allow_cublas = true;        // where its library is there
};

// Every device in `options` works on batches of one queue. Throws std::runtime_error with
// cuda_status().missing where there is no device.
std::unique_ptr<TrialEngine> make_cuda_engine(const CudaEngineOptions& options = {});

}  // namespace acim
