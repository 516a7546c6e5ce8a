// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/model/macro/params.hpp"

namespace acim {

// One point of the design space on one calibrated network. Neither seed nor name is part of it.
struct DesignPoint {
    std::string id;                     // SHA-256 (hex) of the point's canonical JSON
    std::vector<LayerSettings> layers;  // one per MAC layer of the network, in order
    std::uint64_t seed_mask = 0;        // combined with the sweep's seed; 0: streams are shared

    std::uint64_t seed(std::uint64_t sweep_seed) const { return sweep_seed ^ seed_mask; }
};

// The unit of work, of storage and of resumption: (point, chip, repeat, image block).
struct WorkUnit {
    std::uint32_t point = 0;  // index into the points given to prepare()
    std::uint32_t chip = 0;
    std::uint32_t repeat = 0;
    std::uint32_t first_image = 0;  // index in the evaluation set
    std::uint32_t images = 0;

    friend bool operator==(const WorkUnit&, const WorkUnit&) = default;
    friend auto operator<=>(const WorkUnit&, const WorkUnit&) = default;
};

// A 128-bit sum of integers, so that sums add exactly in any order; one that does not fit, as only a
// file of somebody else can hold, wraps.
struct WideSum {
    std::uint64_t low = 0;
    std::int64_t high = 0;

    void add(const WideSum& other) {
        const std::uint64_t before = low;
        low += other.low;
        high = static_cast<std::int64_t>(static_cast<std::uint64_t>(high) +
                                         static_cast<std::uint64_t>(other.high) +
                                         (low < before ? 1 : 0));
    }
    void add(std::int64_t value) {
        add(WideSum{static_cast<std::uint64_t>(value), value < 0 ? -1 : 0});
    }
    double to_double() const {
        if (high >= 0) return unsigned_value();
        WideSum magnitude{~low, ~high};  // or small negative sums would cancel away
        magnitude.add(1);
        return -magnitude.unsigned_value();
    }
    friend bool operator==(const WideSum&, const WideSum&) = default;

private:
    double unsigned_value() const {
        return static_cast<double>(static_cast<std::uint64_t>(high)) * 18446744073709551616.0 +
               static_cast<double>(low);
    }
};

// Sums over all outputs of one MAC layer in one unit; y is the exact integer product and e the
// error of the analog result, both in integer-product units rounded to 2^-8 (SPEC section 9).
// All zero for a layer that is not analog.
struct LayerSums {
    std::uint64_t outputs = 0;      // output elements
    std::uint64_t conversions = 0;  // ADC conversions
    WideSum y, e, ee, yy, ye;       // [2^-8], [2^-16] for the products

    void add(const LayerSums& o) {
        outputs += o.outputs;
        conversions += o.conversions;
        y.add(o.y);
        e.add(o.e);
        ee.add(o.ee);
        yy.add(o.yy);
        ye.add(o.ye);
    }
    friend bool operator==(const LayerSums&, const LayerSums&) = default;
};

// What one unit reports. Integers only; timing and host travel apart. What is classified is an item:
// an image, or each of its positions where the network predicts at several (QuantizedNetwork).
struct TrialResult {
    WorkUnit unit;
    std::vector<std::uint8_t> correct_bits;  // ceil(items/8) bytes, item k in bit k%8 of byte k/8
    std::uint32_t correct = 0;               // set bits: top-1
    std::uint32_t agree = 0;                 // same top-1 as the noise-free quantised network
    std::int64_t cross_entropy = 0;          // sum over items of the loss [2^-32 nat]
    std::vector<LayerSums> layers;           // one per MAC layer
    // Top-1 of every item; empty unless TrialSetup::predictions.
    std::vector<std::uint16_t> predictions;

    friend bool operator==(const TrialResult&, const TrialResult&) = default;
};

}  // namespace acim
