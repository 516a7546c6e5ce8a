// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/trial/network.hpp"
#include "cuda/trial/point_plan.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {

// A convolution with stride 1 whose output is as large as its input, size x size pixels.
struct ConvSize {
    int channels_in = 64, channels_out = 64, kernel = 3, size = 32;

    int pixels() const { return size * size; }
    int depth() const { return channels_in * kernel * kernel; }
};

// How operands are spread. Tables are looked up near the mean sum, so that this changes how much of
// a table stays in the caches.
enum class Operands : std::uint8_t {
    trained,  // activations |N|, weights N, both 4 sigma wide: as in trained networks
    uniform   // both uniform over their whole range, as pytorch_layer.py draws them
};

// One analog layer on one design point, ready to run: what all threads of a benchmark share.
class AnalogLayer {
public:
    AnalogLayer(const ConvSize& size, const LayerSettings& settings, Operands operands);

    const QuantizedNetwork& network() const { return network_; }
    const PointPlan& plan() const { return plan_; }
    const ProductKernel& kernel() const { return *kernel_; }
    // ADC conversions of one image; on path `product` those that it stands for.
    std::int64_t conversions() const;
    // Activations of an image, [count] integers of activation_bits bits.
    std::vector<std::int16_t> activations(std::uint32_t image, std::size_t count) const;

private:
    LayerSettings settings_;
    Operands operands_;
    std::unique_ptr<ProductKernel> kernel_;
    QuantizedNetwork network_;
    PointPlan plan_;
};

// One image through the layer's product kernel, from int16 rows [pixels][depth] to A, D and the
// exact product: packing of the inputs, sums, noise, codes, shift-add.
class KernelRun {
public:
    KernelRun(const AnalogLayer& layer, std::uint32_t image);
    void run();

private:
    const AnalogLayer& layer_;
    std::uint32_t image_;
    std::vector<std::int16_t> rows_;
    std::vector<std::int64_t> analog_, digital_, exact_;
};

}  // namespace acim
