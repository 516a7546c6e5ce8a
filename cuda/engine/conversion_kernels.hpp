// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/engine/layer_view.hpp"
#include "cuda/engine/tile_shape.hpp"

// Conversions of many segments at once: one launch for all works of a kind. `most` counts the
// items of the largest work, for the size of the grid.
namespace acim {

// Who computes a layer's conversions.
enum class ConversionKernel : std::uint8_t {
    none,              // path product: nothing is converted
    general,           // one thread an output; whatever the others leave
    tiles_table,       // 16 outputs x 8 pixels a warp on tensor cores; cells in shared memory
    tiles_bytes,       // the same for sums and codes of eight bits in one-bit cycles, all alike
    tiles_wide,        // as tiles_table, cells in global memory
    tiles_thresholds,  // the same, cells as thresholds, likewise
    tiles_lut,         // the same without noise
    tiles_chip,        // 16 outputs x 4 pixels a warp; columns and ADCs of one chip
    events,            // one thread an output; the conversions that err alone
    aidac              // all-analog macro (cuda/engine/aidac_kernels.hpp)
};

// Kernels that read weights as lines of outputs, the others as fragments of 16 outputs.
constexpr bool reads_lines(ConversionKernel kernel) {
    return kernel == ConversionKernel::general || kernel == ConversionKernel::events;
}

void launch_general(const ConversionWork* works, std::uint32_t count, std::int64_t most,
                    const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream);

void launch_events(const ConversionWork* works, std::uint32_t count, std::int64_t most,
                   const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream);

// The tile kernel by what its works have in common.
struct TileLaunch {
    ConversionKernel kernel = ConversionKernel::tiles_table;
    TileShape shape;
    std::int64_t most_items = 0;  // 16 outputs x 8 pixels, of the largest work
    std::size_t table_bytes = 0;  // of the largest table of cells, for tiles_table
    int processors = 1;           // of the device
};
void launch_tiles(const TileLaunch& what, const ConversionWork* works, std::uint32_t count,
                  const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream);
void launch_chip_tiles(const TileLaunch& what, const ConversionWork* works, std::uint32_t count,
                       const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream);

}  // namespace acim
