// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/tile_shape.hpp"
#include "cuda/trial/layer_plan.hpp"

// Which kernel computes a layer's conversions, and what it wants to know.
namespace acim {

// How the tile kernels take a layer: the code of conversion (i, j) weighs plane[i] * cycle[j] in A, the
// count of a digital one plane[i] * place[j] in D, and a special one, rounded without noise or voted
// on, goes by its plan.
struct TileFactors {
    std::array<std::int32_t, max_columns> plane{};
    std::array<std::int32_t, max_cycles> cycle{}, place{};
    std::array<std::uint16_t, max_columns> digital{}, special{};  // bit j of column i

    bool any_digital() const;
    bool all_alike() const;  // none of either
};
static_assert(max_cycles <= 16);

// One layout of cells for every sum, as thresholds of the uniform, `side` below the middle and as
// many above: code = clip(sum - side + number of thresholds at or below u).
struct Thresholds {
    int side = 0;                      // 1 or 2; 0: none
    std::array<std::int32_t, 4> at{};  // ascending, 2*side of them
};

// The law's table as thresholds, if that is what it holds; every cell is compared.
std::optional<Thresholds> find_thresholds(const CycleLaw& law);

struct KernelChoice {
    ConversionKernel kernel = ConversionKernel::none;
    TileFactors factors;          // of the tile kernels
    TileShape tile;               // of the tile kernels, the bits of all
    bool serial = false;          // is_serial(): where conversions of a column are alike
    Thresholds thresholds;        // of tiles_thresholds
    std::size_t table_bytes = 0;  // that tiles_table holds in shared memory
};

// By the plan and the number of outputs. All kernels give the same integers, so it is speed only that
// thresholds need a device which computes with halves of words.
KernelChoice choose_kernel(const LayerPlan& plan, int outputs, bool thresholds);

}  // namespace acim
