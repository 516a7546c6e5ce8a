// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cuda/engine/kernel_choice.hpp"
#include "cuda/engine/weight_bits.hpp"
#include "cuda/trial/aidac_weights.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/product_kernel.hpp"

// A layer's weights in the order of the device's kernels, still on the host.
namespace acim {

// Weights of one convolution group or head.
struct PackedLayer : PackedWeights, KernelChoice {
    int words = 0;                     // 32-row words of a row group
    WeightBits::Words weights;         // bits, in the order of `kernel`; null if prepared
    std::size_t weight_words = 0;      // how many they are
    std::vector<std::uint32_t> cells;  // bits of the cells' deviations, where they are measured
    std::optional<CellPlace> draw;     // where the device draws them
    std::unique_ptr<ChipLayer> chip;   // where plan.channels
    std::unique_ptr<AidacWeights> aidac;
};

// Keeps the bits that it has packed: design points of a sweep mostly share them.
class LayerPacker : public WeightPacker {
public:
    explicit LayerPacker(bool thresholds = true) : thresholds_(thresholds) {}

    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override;
    // The same but for the weights' bits, which the device finds for every image.
    std::unique_ptr<PackedWeights> prepare(const LayerPlan& plan, int outputs,
                                           const ProductSite& site) const override;

private:
    std::unique_ptr<PackedLayer> choose(const LayerPlan& plan, int outputs) const;

    bool thresholds_;
    mutable WeightBits bits_;
};

}  // namespace acim
