// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/tile_conversions.cuh"

#include <algorithm>

#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/launch.cuh"

namespace acim {
namespace {

using Kernel = void (*)(const ConversionWork*, const std::uint32_t*, ProductBuffers);

// Two input bits share a product's column pair.
template <class Sampler>
Kernel mixed_kernel(int bits) {
    switch ((bits + 1) / 2) {
        case 1:
            return tile_conversions<1, TileColumns::mixed, Sampler>;
        case 2:
            return tile_conversions<2, TileColumns::mixed, Sampler>;
        case 3:
            return tile_conversions<3, TileColumns::mixed, Sampler>;
        case 4:
            return tile_conversions<4, TileColumns::mixed, Sampler>;
        default:
            return tile_conversions<5, TileColumns::mixed, Sampler>;
    }
}

template <class Sampler>
Kernel serial_kernel(int bits) {
    return bits == 8 ? tile_conversions<4, TileColumns::serial, Sampler>
                     : tile_conversions<2, TileColumns::serial, Sampler>;
}

template <class Sampler>
Kernel tile_kernel(const TileShape& shape) {
    return shape.columns == TileColumns::serial ? serial_kernel<Sampler>(shape.bits)
                                                : mixed_kernel<Sampler>(shape.bits);
}

Kernel kernel_of(const TileLaunch& what) {
    switch (what.kernel) {
        case ConversionKernel::tiles_table:
            return tile_kernel<TableSampler<true>>(what.shape);
        case ConversionKernel::tiles_bytes:
            return serial_kernel<ByteTableSampler>(what.shape.bits);
        case ConversionKernel::tiles_wide:
            return tile_kernel<TableSampler<false>>(what.shape);
        case ConversionKernel::tiles_thresholds:
            return what.shape.threshold_side == 1
                       ? serial_kernel<ThresholdSampler<1>>(what.shape.bits)
                       : serial_kernel<ThresholdSampler<2>>(what.shape.bits);
        default:
            return tile_kernel<LutSampler>(what.shape);
    }
}

}  // namespace

void launch_tiles(const TileLaunch& what, const ConversionWork* works, std::uint32_t count,
                  const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream) {
    // Enough blocks for the device many times over, few enough that a block's table is read for
    // several items. A processor holds two.
    const std::int64_t fill = std::int64_t{what.processors} * 2 * 8;
    const std::int64_t share = std::max<std::int64_t>(1, (fill + count - 1) / count);
    launch("tile conversions", kernel_of(what),
           {.blocks = blocks_for(what.most_items, tile_warps, share),
            .blocks_y = count,
            .threads = tile_threads,
            .shared_bytes = sizeof(TileShared) + what.table_bytes},
           stream, works, bits, out);
}

}  // namespace acim
