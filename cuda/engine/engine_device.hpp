// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cuda/engine/batch.hpp"
#include "cuda/engine/cuda_engine.hpp"
#include "cuda/engine/memory_pool.hpp"
#include "cuda/trial/inverse_normal_table.hpp"

namespace acim {

// One device of the engine: what its lanes share, and whether it still works. A device that has
// failed gets no more work; one that is short of memory is tried again with the next network.
class EngineDevice {
public:
    explicit EngineDevice(CudaDevice facts) : facts_(std::move(facts)) {}

    const CudaDevice& facts() const { return facts_; }

    // Sends the network and, where there is room, all images. Throws nothing but what is no failure
    // of the device: see failed().
    void prepare(const TrialSetup& setup, std::uint64_t memory_limit);
    // Forgets the network.
    void clear();
    bool prepared() const { return prepared_; }

    // While prepared():
    const DeviceNetwork& network() const { return *network_; }
    const ImageCache& images() const { return *images_; }
    const InverseNormalTable* normal() const { return normal_.data(); }

    // What a lane works with, its stream and buffers; one that an earlier run has kept, if there is.
    std::unique_ptr<BatchRunner> take_runner(const TrialSetup& setup, bool allow_library);
    void keep_runner(std::unique_ptr<BatchRunner> runner);
    // For design points that come and go.
    MemoryPool& pool() { return pool_; }

    // Lanes share the memory that is left. One that cannot work beside the others leaves, with
    // empty hands; false if it is the last one, which has all the memory then.
    void start_lanes(std::size_t lanes);
    bool leave();
    std::uint64_t lane_memory() const;                // [byte]
    std::uint64_t memory() const { return memory_; }  // of all lanes

    // The first failure counts.
    void fail(const DeviceError& error);
    bool failed() const { return failed_; }
    std::string failure() const;  // "CUDA device 0 (its name) failed: ..."; empty while it works

private:
    void send(const TrialSetup& setup, std::uint64_t memory_limit);

    const CudaDevice facts_;
    MemoryPool pool_;
    std::uint64_t memory_ = 0;  // for batches and their points [byte]
    std::optional<DeviceNetwork> network_;
    std::optional<ImageCache> images_;
    DeviceArray<InverseNormalTable> normal_;
    std::atomic<std::size_t> lanes_ = 0;
    std::atomic<bool> prepared_ = false, failed_ = false;
    mutable std::mutex mutex_;  // of what follows
    bool short_of_memory_ = false;
    std::string failure_;
    std::vector<std::unique_ptr<BatchRunner>> idle_runners_;
};

// "1.5 MiB"
std::string memory_text(std::uint64_t bytes);

}  // namespace acim
