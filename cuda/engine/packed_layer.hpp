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

// How the tile kernels take a layer: the code of conversion (i, j) weighs plane[i] * cycle[j] in A, the
// count of a digital one plane[i] * place[j] in D.
struct TileFactors {
    std::array<std::int32_t, max_columns> plane{};
    std::array<std::int32_t, max_cycles> cycle{}, place{};
    std::array<std::uint64_t, 2> digital{};  // bit k of conversions that are

    bool hybrid() const { return (digital[0] | digital[1]) != 0; }
};
static_assert(max_column_conversions <= 128);

// One layout of cells for every sum, as thresholds of the uniform, `side` below the middle and as
// many above: code = clip(sum - side + number of thresholds at or below u).
struct Thresholds {
    int side = 0;                      // 1 or 2; 0: none
    std::array<std::int32_t, 4> at{};  // ascending, 2*side of them
};

// The law's table as thresholds, if that is what it holds; every cell is compared.
std::optional<Thresholds> find_thresholds(const CycleLaw& law);

// Weights of one convolution group or head.
struct PackedLayer : PackedWeights {
    ConversionKernel kernel = ConversionKernel::none;
    int words = 0;                       // 32-row words of a row group
    std::vector<std::uint32_t> weights;  // bits, in the order of `kernel`; none if prepared
    std::size_t weight_words = 0;        // how many they are
    std::vector<std::uint32_t> cells;    // bits of the cells' deviations, where they are measured
    std::optional<CellPlace> draw;       // where the device draws them
    std::unique_ptr<ChipLayer> chip;     // where plan.channels
    std::unique_ptr<AidacWeights> aidac;
    TileFactors factors;          // of the tile kernels
    Thresholds thresholds;        // of tiles_thresholds
    bool serial8 = false;         // eight one-bit cycles in at most 256 rows
    std::size_t table_bytes = 0;  // that tiles_table holds in shared memory
};

// The plan and the number of outputs decide the kernel. All kernels give the same integers, so it is
// speed only that thresholds need a device which computes with halves of words.
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
};

}  // namespace acim
