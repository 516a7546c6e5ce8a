// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/trial/network.hpp"
#include "cuda/trial/work.hpp"

namespace acim {

// Images of the evaluation set, read by range. read() may be called from several threads.
class ImageSource {
public:
    virtual ~ImageSource() = default;
    virtual std::uint32_t count() const = 0;
    virtual std::vector<int> image_shape() const = 0;  // [C, H, W]
    // Fills out with images*elements float32 values, preprocessed, C order.
    virtual void read(std::uint32_t first, std::uint32_t images, float* out) const = 0;
    // The class of an item: position p of image i is item i*positions + p, and an image of an
    // ordinary network is one item.
    virtual std::int32_t label(std::uint32_t item) const = 0;
};

// Everything a run of trials shares.
struct TrialSetup {
    std::uint64_t seed = 0;
    std::shared_ptr<const QuantizedNetwork> network;
    std::vector<DesignPoint> points;
    std::shared_ptr<const ImageSource> images;
    std::vector<std::int32_t> reference_top1;  // of the noise-free quantised network, per item
    bool predictions = false;                  // wanted; of at most 65,536 classes
};

// The engine itself cannot go on: its last device is lost. No other work will succeed on it; what it
// has reported stays good.
class EngineFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// One device or one CPU pool. Every engine gives the same bytes for the same unit.
class TrialEngine {
public:
    using Sink = std::function<void(TrialResult&&)>;  // called from one thread at a time

    virtual ~TrialEngine() = default;
    virtual std::string name() const = 0;  // for people: "cpu, 2 threads, AVX3_DL"
    virtual void prepare(std::shared_ptr<const TrialSetup> setup) = 0;
    // Runs the units in any order, reports each as it completes; stops early, between units, once
    // stop is true. Passes on what a sink throws; EngineFailure where the engine is lost, anything
    // else where these units have failed and others may not.
    virtual void run(std::span<const WorkUnit> units, const Sink& sink,
                     const std::atomic<bool>& stop) = 0;
    // What people should know although the work goes on, such as the loss of one device of several;
    // each is told once. May be called from another thread while the engine works.
    virtual std::vector<std::string> warnings() { return {}; }
    // Bytes that running these units takes at most.
    virtual std::uint64_t memory(std::span<const WorkUnit> units) const = 0;
};

}  // namespace acim
