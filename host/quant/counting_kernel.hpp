// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "cuda/trial/engine.hpp"
#include "cuda/trial/image_executor.hpp"
#include "cuda/trial/product_kernel.hpp"
#include "host/core/error.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {

// Computes the products that another kernel computes and counts, on the way, something about chosen
// layers. Counts are made of a LayerPlan and add; Weights are made of (plan, outputs, weights) and
// have count(plan, pixels, inputs, counts). May be run from several threads.
template <class Counts, class Weights>
class CountingKernel : public ProductKernel {
public:
    // layers: per MAC layer the plan that counts it; nothing where it is not counted. The other
    // kernel and the plans must outlive this one.
    CountingKernel(const ProductKernel& products, std::span<const std::optional<LayerPlan>> layers)
        : products_(products), layers_(layers) {
        for (const std::optional<LayerPlan>& layer : layers)
            counts_.push_back(layer ? Counts(*layer) : Counts());
    }

    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override {
        ACIM_EXPECT(site.layer < layers_.size());
        auto packed = std::make_unique<Packed>();
        packed->products = products_.pack(plan, outputs, weights, site);
        if (layers_[site.layer]) packed->counted.emplace(*layers_[site.layer], outputs, weights);
        return packed;
    }

    void run(const LayerPlan& plan, const PackedWeights& weights, int outputs, int pixels,
             std::span<const std::int16_t> inputs, const OutputMap& map, const ProductPlace& place,
             const ProductSums& sums) const override {
        const auto& packed = static_cast<const Packed&>(weights);
        products_.run(plan, *packed.products, outputs, pixels, inputs, map, place, sums);
        if (!packed.counted) return;
        const LayerPlan& layer = *layers_[place.layer];
        Counts own(layer);
        packed.counted->count(layer, pixels, inputs, own);
        const std::lock_guard lock(mutex_);
        counts_[place.layer].add(own);
    }

    // Per MAC layer; empty where it is not counted.
    std::vector<Counts> counts() const {
        const std::lock_guard lock(mutex_);
        return counts_;
    }

private:
    struct Packed : PackedWeights {
        std::unique_ptr<PackedWeights> products;
        std::optional<Weights> counted;
    };

    const ProductKernel& products_;
    std::span<const std::optional<LayerPlan>> layers_;
    mutable std::mutex mutex_;
    mutable std::vector<Counts> counts_;
};

// Counts of the noise-free quantised network on the first `images` images, per MAC layer. threads =
// 0 takes every core; the result does not depend on it.
template <class Counts, class Weights>
std::vector<Counts> count_layers(const QuantizedNetwork& network,
                                 std::span<const std::optional<LayerPlan>> layers,
                                 const ImageSource& source, std::uint32_t images,
                                 const ProductKernel& products, int threads) {
    ACIM_EXPECT(images > 0 && images <= source.count());
    ACIM_EXPECT(layers.size() == network.mac_layers().size());
    const CountingKernel<Counts, Weights> kernel(products, layers);
    const PointPlan plan = make_digital_plan(network, kernel);
    const int pool = image_threads(threads, images, ImageExecutor::memory(network),
                                   "the quantised network on one image");
    parallel_images(0, images, pool, [&](int, std::uint32_t begin, std::uint32_t end) {
        ImageExecutor executor(network, kernel);
        for (std::uint32_t i = begin; i < end; ++i) {
            source.read(i, 1, executor.input().data());
            executor.run(plan, PhiloxKey{}, i, {});
        }
    });
    return kernel.counts();
}

}  // namespace acim
