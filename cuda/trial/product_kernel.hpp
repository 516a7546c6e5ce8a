// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "cuda/model/host_device.hpp"
#include "cuda/model/random/noise_key.hpp"
#include "cuda/trial/layer_plan.hpp"

namespace acim {

// Where output (m, p) of a product lies in the layer's output tensor of one image:
// element = first + m*output_stride + p*pixel_stride. It is also its place in random counters.
struct OutputMap {
    std::int64_t first = 0;
    std::int64_t output_stride = 1;
    std::int64_t pixel_stride = 0;

    ACIM_HD std::uint32_t element(std::int64_t m, std::int64_t p) const {
        return static_cast<std::uint32_t>(first + m * output_stride + p * pixel_stride);
    }
};

// The random place of one product: which trial, which layer, which image.
struct ProductPlace {
    PhiloxKey key{};
    std::uint32_t layer = 0;
    std::uint32_t image = 0;
};

// Where the columns of one product lie on a chip (SPEC section 4, physical place).
struct ProductSite {
    PhiloxKey chip{};
    std::uint32_t layer = 0;        // position among all MAC layers
    std::int64_t first_tile = 0;    // tiles of the layers before it; counts only with array.count
    int first_output = 0;           // of this convolution group within the layer
    int outputs = 0;                // of the whole layer
    std::uint32_t chip_number = 0;  // n-th chip of a trial: a measured file has no keys
};

// The integers of a product, each [outputs][pixels]. A and D as SPEC section 3; on path `product`
// only `exact` is meaningful, on path `events` A adds up the errors of codes alone and D is `exact`.
// `exact` is the product of the quantised operands.
struct ProductSums {
    std::span<std::int64_t> analog;   // A
    std::span<std::int64_t> digital;  // D
    std::span<std::int64_t> exact;
};

// Weights of one product in the layout of a kernel.
class PackedWeights {
public:
    virtual ~PackedWeights() = default;
};

// Makes weights ready for whoever multiplies them.
class WeightPacker {
public:
    virtual ~WeightPacker() = default;
    // weights: [outputs][depth] integers of plan.weight_bits bits. What is packed belongs to one
    // chip where plan.per_chip, else `site` has no effect.
    virtual std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                                std::span<const std::int8_t> weights,
                                                const ProductSite& site) const = 0;
    // What can be made ready of one head of a product whose weights are computed for each image, or
    // null where that is nothing.
    virtual std::unique_ptr<PackedWeights> prepare(const LayerPlan& /*plan*/, int /*outputs*/,
                                                   const ProductSite& /*site*/) const {
        return nullptr;
    }
};

// The loops of a product: one image, one convolution group. The physics is cuda/model; kernels
// differ in speed only and must give equal integers.
class ProductKernel : public WeightPacker {
public:
    // inputs: [pixels][depth] activations as two's complement, sign-extended to 16 bits.
    virtual void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
                     std::span<const std::int16_t> inputs, const OutputMap& map,
                     const ProductPlace& place, const ProductSums& sums) const = 0;
};

// What observers see in place of the code of a digital conversion: no ADC gives it.
inline std::int64_t no_code(const LayerPlan& plan) {
    return plan.macro.weight_parallel ? -32768 : -1;
}

// Called by the reference kernel for every conversion, in the order output, pixel, group, k. `code`
// is that of the vote where several were taken, the sum of all votes for `mean`.
class ConversionObserver {
public:
    virtual ~ConversionObserver() = default;
    virtual void observe(int output, int pixel, int group, int k, std::int64_t s,
                         std::int64_t code) = 0;
};

// One conversion after the other, as the equations say: the truth that others are compared with.
std::unique_ptr<ProductKernel> make_reference_kernel(ConversionObserver* observer = nullptr);

// y of one output on any path.
inline double product_value(const LayerPlan& plan, std::int64_t analog, std::int64_t digital,
                            std::int64_t exact) {
    return plan.path == SamplingPath::product ? static_cast<double>(exact)
                                              : output_value(plan.output, analog, digital);
}

}  // namespace acim
