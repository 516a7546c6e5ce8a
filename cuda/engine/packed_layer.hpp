// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/trial/aidac_weights.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/product_kernel.hpp"

// A layer's weights in the order of the device's kernels, still on the host.
namespace acim {

// How the tile kernel takes a layer: weight of conversion (i, j) = plane[i] * cycle[j].
struct TileFactors {
    std::array<std::int64_t, max_columns> plane{};
    std::array<std::int32_t, max_cycles> cycle{};
};

// One layout of cells for every sum, as thresholds of the uniform: code = clip(sum*step + first +
// number of thresholds at or below u).
struct Thresholds {
    std::int32_t step = 1, first = 0;
    std::array<std::int32_t, 4> at{};
};

// The law's table as thresholds, if that is what it holds; every cell is compared.
std::optional<Thresholds> find_thresholds(const CycleLaw& law);

// Weights of one convolution group.
struct PackedLayer : PackedWeights {
    ConversionKernel kernel = ConversionKernel::none;
    int words = 0;                       // 32-row words of a row group
    std::vector<std::uint32_t> weights;  // bits, in the order of `kernel`
    std::vector<std::uint32_t> cells;    // bits of the cells' deviations, or empty
    std::unique_ptr<ChipLayer> chip;     // where plan.channels
    std::unique_ptr<AidacWeights> aidac;
    TileFactors factors;          // of the tile kernels
    Thresholds thresholds;        // of tiles_thresholds
    std::size_t table_bytes = 0;  // that tiles_table holds in shared memory
};

// What decides the kernel is the plan and the number of outputs, nothing of the device.
class LayerPacker : public WeightPacker {
public:
    std::unique_ptr<PackedWeights> pack(const LayerPlan& plan, int outputs,
                                        std::span<const std::int8_t> weights,
                                        const ProductSite& site) const override;
};

}  // namespace acim
