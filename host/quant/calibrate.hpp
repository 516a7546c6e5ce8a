// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/network.hpp"
#include "host/onnx/graph.hpp"

namespace acim {

// How the largest representable value of an operand is chosen.
enum class RangeRule {
    max,         // the largest magnitude seen
    percentile,  // the nearest rank of |x|
    mse,         // least mean squared error over 128 candidate ranges
    automatic    // to be replaced by the best of the others before anything is quantised
};
using WeightRule = RangeRule;
using ActivationRule = RangeRule;

// What `quantisation:` of a sweep says; bits are given per layer.
struct QuantisationSpec {
    WeightRule weights = WeightRule::max;
    ActivationRule activations = ActivationRule::max;
    bool per_channel = false;  // one weight scale per output channel
    int images = 0;            // calibration images, > 0
    double percentile = 99.9;  // (0, 100], for both operands
};

// Counts of magnitudes in bins of at most 2^-10 relative width, keyed by the top bits of the float:
// integer counts that add in any order. Magnitudes below 2^-32 (zeros too) fall into bin 0, those
// of 2^32 and above into the last bin.
class MagnitudeHistogram {
public:
    static constexpr int mantissa_bits = 10;
    static constexpr int bins = (64 << mantissa_bits) + 2;

    static int bin(float x);
    // Bounds of the magnitudes of a bin, lower included, upper not.
    static double lower(int bin);
    static double upper(int bin);

    MagnitudeHistogram() : counts_(bins, 0) {}
    void add(float x) { ++counts_[static_cast<std::size_t>(bin(x))]; }
    void add(const MagnitudeHistogram& other);
    std::span<const std::uint64_t> counts() const { return counts_; }
    std::uint64_t total() const;

private:
    std::vector<std::uint64_t> counts_;
};

// What was seen at an operand of one product.
struct InputStatistics {
    // The smallest and largest value, 0 always among them.
    float min = 0.0F;
    float max = 0.0F;
    float abs_max = 0.0F;
    MagnitudeHistogram histogram;
};

struct CalibrationStatistics {
    std::uint32_t images = 0;
    std::vector<InputStatistics> inputs;                 // per MAC layer
    std::vector<std::optional<InputStatistics>> stored;  // the same of computed weights
};

// Runs the first `images` images of the source through the float network. threads = 0 takes every
// core; the result does not depend on it. Throws InputError where the source has too few images,
// its shape does not fit, or an activation is not finite.
CalibrationStatistics observe(const std::shared_ptr<const FloatGraph>& graph,
                              const ImageSource& source, int images, int threads = 0);

// The integer network: weights in +-(2^(W-1)-1), W = 2..8; inputs unsigned where none of the
// observed values was negative (X = 1..9), else signed +-(2^(X-1)-1) (X = 2..9). One number of bits
// per MAC layer; what the model file itself states about an operand stands. A stored operand takes
// the weights' bits and the activations' rule. A range of zero gives scale 1. Throws InputError
// naming the layer for bits out of range or weights that are not finite.
QuantizedNetwork quantise(const FloatGraph& graph, const CalibrationStatistics& statistics,
                          const QuantisationSpec& spec, const std::vector<int>& weight_bits,
                          const std::vector<int>& activation_bits);

// The range that a rule gives for values, or for a histogram quantised with integers up to `high`.
double choose_range(std::span<const float> values, RangeRule rule, double percentile, int high);
double choose_range(const InputStatistics& statistics, RangeRule rule, double percentile, int high);

// One step: range / high in float32; 1 where that is not a normal positive number.
float choose_scale(double range, int high);

}  // namespace acim
