// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/product_kernel.hpp"
#include "host/quant/count_histogram.hpp"

namespace acim {

// Computes the products that another kernel computes and counts, on the way, what the conversions
// of chosen layers would see. May be run from several threads.
class HistogramKernel : public ProductKernel {
public:
    // layers: per MAC layer the plan that counts it; nothing where it is not counted. The other
    // kernel and the plans must outlive this one.
    HistogramKernel(const ProductKernel& products,
                    std::span<const std::optional<LayerPlan>> layers);

    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override;
    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override;

    // Per MAC layer; empty where it is not counted.
    std::vector<CountHistogram> histograms() const;

private:
    const ProductKernel& products_;
    std::span<const std::optional<LayerPlan>> layers_;
    mutable std::mutex mutex_;
    mutable std::vector<CountHistogram> histograms_;
};

// Histograms of the noise-free quantised network on the first `images` images, per MAC layer.
// threads = 0 takes every core; the result does not depend on it.
std::vector<CountHistogram> count_conversions(const QuantizedNetwork& network,
                                              std::span<const std::optional<LayerPlan>> layers,
                                              const ImageSource& source, std::uint32_t images,
                                              const ProductKernel& products, int threads);

}  // namespace acim
