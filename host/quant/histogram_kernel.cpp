// SPDX-License-Identifier: Apache-2.0
#include "host/quant/histogram_kernel.hpp"

#include <utility>

#include "cuda/trial/image_executor.hpp"
#include "host/core/error.hpp"
#include "host/quant/parallel_images.hpp"

namespace acim {
namespace {

struct HistogramWeights : PackedWeights {
    std::unique_ptr<PackedWeights> products;
    std::optional<CountedWeights> counted;
};

}  // namespace

HistogramKernel::HistogramKernel(const ProductKernel& products,
                                 std::span<const std::optional<LayerPlan>> layers)
    : products_(products), layers_(layers) {
    for (const std::optional<LayerPlan>& layer : layers)
        histograms_.push_back(layer ? CountHistogram(*layer) : CountHistogram());
}

std::unique_ptr<PackedWeights> HistogramKernel::pack(const LayerPlan& plan, int outputs,
                                                     std::span<const std::int8_t> weights,
                                                     const ProductSite& site) const {
    ACIM_EXPECT(site.layer < layers_.size());
    auto packed = std::make_unique<HistogramWeights>();
    packed->products = products_.pack(plan, outputs, weights, site);
    if (layers_[site.layer]) packed->counted.emplace(*layers_[site.layer], outputs, weights);
    return packed;
}

void HistogramKernel::run(const LayerPlan& plan, const PackedWeights& weights, int outputs,
                          int pixels, std::span<const std::int16_t> inputs, const OutputMap& map,
                          const ProductPlace& place, const ProductSums& sums) const {
    const auto& packed = static_cast<const HistogramWeights&>(weights);
    products_.run(plan, *packed.products, outputs, pixels, inputs, map, place, sums);
    if (!packed.counted) return;
    const LayerPlan& layer = *layers_[place.layer];
    CountHistogram own(layer);
    packed.counted->count(layer, pixels, inputs, own);
    const std::lock_guard lock(mutex_);
    histograms_[place.layer].add(own);
}

std::vector<CountHistogram> HistogramKernel::histograms() const {
    const std::lock_guard lock(mutex_);
    return histograms_;
}

std::vector<CountHistogram> count_conversions(const QuantizedNetwork& network,
                                              std::span<const std::optional<LayerPlan>> layers,
                                              const ImageSource& source, std::uint32_t images,
                                              const ProductKernel& products, int threads) {
    ACIM_EXPECT(images > 0 && images <= source.count());
    ACIM_EXPECT(layers.size() == network.mac_layers().size());
    const HistogramKernel kernel(products, layers);
    const PointPlan plan = make_digital_plan(network, kernel);
    parallel_images(0, images, image_threads(threads, images),
                    [&](int, std::uint32_t begin, std::uint32_t end) {
                        ImageExecutor executor(network, kernel);
                        for (std::uint32_t i = begin; i < end; ++i) {
                            source.read(i, 1, executor.input().data());
                            executor.run(plan, PhiloxKey{}, i, {});
                        }
                    });
    return kernel.histograms();
}

}  // namespace acim
