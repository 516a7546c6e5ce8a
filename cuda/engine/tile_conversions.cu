// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/tile_conversions.cuh"

#include <algorithm>

#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/launch.cuh"

namespace acim {
namespace {

using Kernel = void (*)(const ConversionWork*, const std::uint32_t*, ProductBuffers);

// Two input bits share a product's column pair; eight bits have a version for eight one-bit cycles.
template <class Sampler>
Kernel tile_kernel(int bits, bool serial8) {
    if (serial8) return tile_conversions<4, true, Sampler>;
    switch ((bits + 1) / 2) {
        case 1:
            return tile_conversions<1, false, Sampler>;
        case 2:
            return tile_conversions<2, false, Sampler>;
        case 3:
            return tile_conversions<3, false, Sampler>;
        case 4:
            return tile_conversions<4, false, Sampler>;
        default:
            return tile_conversions<5, false, Sampler>;
    }
}

Kernel kernel_of(const TileLaunch& what) {
    switch (what.kernel) {
        case ConversionKernel::tiles_table:
            return tile_kernel<TableSampler<true>>(what.bits, what.serial8);
        case ConversionKernel::tiles_bytes:
            return tile_conversions<4, true, ByteTableSampler>;
        case ConversionKernel::tiles_wide:
            return tile_kernel<TableSampler<false>>(what.bits, what.serial8);
        case ConversionKernel::tiles_thresholds:
            return what.threshold_side == 1 ? tile_conversions<4, true, ThresholdSampler<1>>
                                            : tile_conversions<4, true, ThresholdSampler<2>>;
        default:
            return tile_kernel<LutSampler>(what.bits, what.serial8);
    }
}

}  // namespace

void launch_tiles(const TileLaunch& what, const ConversionWork* works, std::uint32_t count,
                  const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream) {
    // Enough blocks for the device many times over, few enough that a block's table is read for
    // several items.
    const std::int64_t fill = std::int64_t{what.processors} * 3 * 4;
    const std::int64_t share = std::max<std::int64_t>(1, (fill + count - 1) / count);
    launch("tile conversions", kernel_of(what),
           {.blocks = blocks_for(what.most_items, tile_warps, share),
            .blocks_y = count,
            .threads = tile_threads,
            .shared_bytes = sizeof(TileShared) + what.table_bytes},
           stream, works, bits, out);
}

}  // namespace acim
