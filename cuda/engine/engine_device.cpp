// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/engine_device.hpp"

#include <algorithm>
#include <cstdio>

namespace acim {
namespace {

constexpr double share_of_free_memory = 0.9;
constexpr std::uint64_t image_share = 8;  // the cache takes at most one part in eight

}  // namespace

std::string memory_text(std::uint64_t bytes) {
    constexpr const char* units[] = {"KiB", "MiB", "GiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; unit + 1 < std::size(units) && value >= 1024; ++unit) value /= 1024;
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
    return text;
}

void EngineDevice::clear() {
    prepared_ = false;
    // Streams and cuBLAS handles end on the device that they belong to; one that is lost tells later.
    if (!idle_runners_.empty()) static_cast<void>(cudaSetDevice(facts_.index));
    idle_runners_.clear();
    pool_.trim();
    images_.reset();
    network_.reset();
}

void EngineDevice::prepare(const TrialSetup& setup, std::uint64_t memory_limit) {
    clear();
    {
        const std::lock_guard lock(mutex_);
        if (short_of_memory_) failed_ = short_of_memory_ = false;
    }
    if (failed_) return;
    try {
        send(setup, memory_limit);
    } catch (const DeviceError& error) {
        clear();
        fail(error);
    }
}

void EngineDevice::send(const TrialSetup& setup, std::uint64_t memory_limit) {
    check(cudaSetDevice(facts_.index), "cudaSetDevice");
    if (normal_.size() == 0)
        normal_ = DeviceArray<InverseNormalTable>(
            std::span<const InverseNormalTable>(&inverse_normal_table(), 1));
    network_.emplace(*setup.network);
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    memory_ = static_cast<std::uint64_t>(static_cast<double>(free) * share_of_free_memory);
    const std::uint64_t taken = network_->bytes() + normal_.bytes();
    if (memory_limit > 0)
        memory_ = std::min(memory_, memory_limit > taken ? memory_limit - taken : 0);
    images_.emplace(*setup.images, 0, setup.images->count(), memory_ / image_share);
    memory_ -= images_->bytes();
    prepared_ = true;
}

std::unique_ptr<BatchRunner> EngineDevice::take_runner(const TrialSetup& setup,
                                                       bool allow_library) {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_runners_.empty()) {
            auto runner = std::move(idle_runners_.back());
            idle_runners_.pop_back();
            return runner;
        }
    }
    return std::make_unique<BatchRunner>(setup, *network_, *images_, facts_.processors,
                                         allow_library);
}

void EngineDevice::keep_runner(std::unique_ptr<BatchRunner> runner) {
    const std::lock_guard lock(mutex_);
    if (!failed_) idle_runners_.push_back(std::move(runner));
}

void EngineDevice::start_lanes(std::size_t lanes) {
    lanes_ = lanes;
    const std::lock_guard lock(mutex_);
    if (idle_runners_.size() > lanes) idle_runners_.resize(lanes);
}

bool EngineDevice::leave() {
    std::size_t lanes = lanes_;
    while (lanes > 1)
        if (lanes_.compare_exchange_weak(lanes, lanes - 1)) return true;
    return false;
}

std::uint64_t EngineDevice::lane_memory() const {
    return memory_ / std::max<std::size_t>(1, lanes_);
}

void EngineDevice::fail(const DeviceError& error) {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    short_of_memory_ = error.out_of_memory();
    failure_ = "CUDA device " + std::to_string(facts_.index) + " (" + facts_.name + ") " +
               (short_of_memory_ ? "is short of memory: " : "failed: ") + error.what();
    failed_ = true;
}

std::string EngineDevice::failure() const {
    const std::lock_guard lock(mutex_);
    return failed_ ? failure_ : std::string();
}

}  // namespace acim
