// SPDX-License-Identifier: Apache-2.0
// The engine's own integer matrix products, for machines without cuBLAS and for sizes that it does
// not take. A warp computes 32 x 64 sums: per 32 bytes of depth it loads two fragments of rows and
// eight of columns, eight bytes a lane, straight from memory, for sixteen tensor-core products. The
// bytes of a line that a lane takes are neighbours (words 2t and 2t+1), which permutes the
// contraction alike on both sides. Neighbouring warps share lines through the first-level cache.
#include "cuda/engine/product_kernel.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/mma.cuh"

namespace acim {
namespace {

constexpr int lanes = 32, warps = 4, row_tiles = 2, column_tiles = 8;
constexpr int tile_rows = 16 * row_tiles, tile_columns = 8 * column_tiles;
static_assert(tile_columns == product_column_step && padded_product_rows(17) == tile_rows);

__device__ __forceinline__ uint2 two_words(const std::int8_t* line) {
    return __ldg(reinterpret_cast<const uint2*>(line));
}

// Sums of a lane: rows g and g+8, columns 2t and 2t+1 of every tile.
struct TileSums {
    std::int32_t c[row_tiles][column_tiles][4] = {};

    // `a` points at the lane's bytes of the first line of the tiles, column(n) at those of the line
    // of column tile n.
    template <class Column>
    __device__ __forceinline__ void add(const std::int8_t* a, Column column, int depth) {
        uint2 y[column_tiles];
#pragma unroll
        for (int n = 0; n < column_tiles; ++n) y[n] = two_words(column(n));
#pragma unroll
        for (int i = 0; i < row_tiles; ++i) {
            const uint2 upper = two_words(a + static_cast<std::int64_t>(16 * i) * depth);
            const uint2 lower = two_words(a + static_cast<std::int64_t>(16 * i + 8) * depth);
            const std::uint32_t x[4] = {upper.x, lower.x, upper.y, lower.y};
#pragma unroll
            for (int n = 0; n < column_tiles; ++n) mma_s8(c[i][n], x, y[n].x, y[n].y);
        }
    }

    // `out` points at row g, column 2t of the tiles.
    __device__ __forceinline__ void store(std::int32_t* out, std::int64_t columns) const {
#pragma unroll
        for (int i = 0; i < row_tiles; ++i)
#pragma unroll
            for (int h = 0; h < 2; ++h)
#pragma unroll
                for (int n = 0; n < column_tiles; ++n)
                    *reinterpret_cast<int2*>(out + (16 * i + 8 * h) * columns + 8 * n) =
                        int2{c[i][n][2 * h], c[i][n][2 * h + 1]};
    }

    // The same of the first `left` columns that follow `out`; places may be odd.
    __device__ __forceinline__ void store(std::int32_t* out, std::int64_t columns, int left) const {
#pragma unroll
        for (int i = 0; i < row_tiles; ++i)
#pragma unroll
            for (int h = 0; h < 2; ++h)
#pragma unroll
                for (int n = 0; n < 2 * column_tiles; ++n) {
                    const int column = 8 * (n / 2) + n % 2;
                    if (column < left)
                        out[(16 * i + 8 * h) * columns + column] = c[i][n / 2][2 * h + n % 2];
                }
    }
};

__global__ __launch_bounds__(lanes* warps) void tile_product(ByteProduct p) {
    const int lane = static_cast<int>(threadIdx.x) % lanes, g = lane / 4, t = lane % 4;
    const std::int64_t column_blocks = p.columns / tile_columns;
    const std::int64_t row_blocks = p.rows / tile_rows;
    const std::int64_t items = column_blocks * row_blocks * p.batches;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * warps;
    for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * warps + threadIdx.x / lanes;
         item < items; item += step) {
        const std::int64_t row = item % row_blocks * tile_rows;
        const std::int64_t column = item / row_blocks % column_blocks * tile_columns;
        const std::int64_t batch = item / row_blocks / column_blocks;
        const std::int8_t* a = p.a + (batch * p.rows + row + g) * p.depth + 8 * t;
        const std::int8_t* b = p.b + (batch * p.columns + column + g) * p.depth + 8 * t;
        TileSums sums;
        for (int k = 0; k < p.depth; k += 32)
            sums.add(
                a + k, [&](int n) { return b + k + static_cast<std::int64_t>(8 * n) * p.depth; },
                p.depth);
        sums.store(p.out + (batch * p.rows + row + g) * p.columns + column + 2 * t, p.columns);
    }
}

// Sum over two lines, four bytes at a time.
__device__ __forceinline__ std::int32_t dot(const std::int8_t* a, const std::int8_t* b, int depth) {
    const auto* x = reinterpret_cast<const int*>(a);
    const auto* y = reinterpret_cast<const int*>(b);
    std::int32_t sum = 0;
    for (int k = 0; k < depth / 4; ++k) sum = __dp4a(__ldg(x + k), __ldg(y + k), sum);
    return sum;
}

// One thread a sum.
__global__ __launch_bounds__(lanes* warps) void narrow_product(ByteProduct p) {
    const std::int64_t items = p.columns * p.rows * p.batches;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
         item < items; item += step) {
        const std::int64_t line = item / p.columns;  // of a
        const std::int64_t column = line / p.rows * p.columns + item % p.columns;
        p.out[item] = dot(p.a + line * p.depth, p.b + column * p.depth, p.depth);
    }
}

// One slot's part of a stored product: its first line of `a` and column of `out`.
struct SlotPart {
    int head, column;  // column: of the slot
    std::int64_t slot, row;

    // `heads` counts those of all slots before it.
    __device__ SlotPart(const StoredProduct& p, std::int64_t first_row, int first_column,
                        std::int64_t heads)
        : head(static_cast<int>(heads % p.heads)),
          column(first_column),
          slot(heads / p.heads),
          row(first_row) {}
    __device__ const std::int8_t* a(const StoredProduct& p) const {
        return p.a + ((slot * p.heads + head) * p.rows + row) * p.depth;
    }
    __device__ const std::int8_t* b(const StoredProduct& p) const {
        return p.b + (head * p.stride + slot * p.pixels + column) * p.depth;
    }
    __device__ std::int32_t* out(const StoredProduct& p) const {
        return p.out + (head * p.rows + row) * p.stride + slot * p.pixels + column;
    }
};

// Lanes beyond the slot's columns read its last one.
__global__ __launch_bounds__(lanes* warps) void stored_product(StoredProduct p) {
    const int lane = static_cast<int>(threadIdx.x) % lanes, g = lane / 4, t = lane % 4;
    const int column_blocks = (p.pixels + tile_columns - 1) / tile_columns;
    const int row_blocks = p.rows / tile_rows;
    const std::int64_t items = p.slots * p.heads * row_blocks * column_blocks;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * warps;
    for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * warps + threadIdx.x / lanes;
         item < items; item += step) {
        const SlotPart part(p, item % row_blocks * tile_rows,
                            static_cast<int>(item / row_blocks % column_blocks) * tile_columns,
                            item / row_blocks / column_blocks);
        const std::int8_t* a = part.a(p) + static_cast<std::int64_t>(g) * p.depth + 8 * t;
        const std::int8_t* b = part.b(p) + 8 * t;
        const int last = p.pixels - 1 - part.column;
        TileSums sums;
        for (int k = 0; k < p.depth; k += 32)
            sums.add(
                a + k,
                [&](int n) {
                    return b + k + static_cast<std::int64_t>(min(8 * n + g, last)) * p.depth;
                },
                p.depth);
        sums.store(part.out(p) + g * p.stride + 2 * t, p.stride, last + 1 - 2 * t);
    }
}

__global__ __launch_bounds__(lanes* warps) void narrow_stored_product(StoredProduct p) {
    const std::int64_t items = p.slots * p.heads * p.rows * p.pixels;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
         item < items; item += step) {
        const SlotPart part(p, item / p.pixels % p.rows, static_cast<int>(item % p.pixels),
                            item / p.pixels / p.rows);
        *part.out(p) = dot(part.a(p), part.b(p), p.depth);
    }
}

}  // namespace

void launch_stored_product(const StoredProduct& p, cudaStream_t stream) {
    constexpr unsigned threads = lanes * warps;
    if (p.rows % tile_rows != 0) {
        launch("narrow stored product", narrow_stored_product,
               {.blocks = blocks_for(p.slots * p.heads * p.rows * p.pixels, threads),
                .threads = threads},
               stream, p);
        return;
    }
    const std::int64_t columns = (p.pixels + tile_columns - 1) / tile_columns;
    const std::int64_t items = p.slots * p.heads * (p.rows / tile_rows) * columns;
    launch("stored product", stored_product,
           {.blocks = blocks_for(items, warps, 1 << 15), .threads = threads}, stream, p);
}

void launch_byte_product(const ByteProduct& p, cudaStream_t stream) {
    constexpr unsigned threads = lanes * warps;
    if (p.rows % tile_rows != 0) {
        launch("narrow product", narrow_product,
               {.blocks = blocks_for(p.columns * p.rows * p.batches, threads), .threads = threads},
               stream, p);
        return;
    }
    const std::int64_t items = p.columns / tile_columns * (p.rows / tile_rows) * p.batches;
    launch("byte product", tile_product,
           {.blocks = blocks_for(items, warps, 1 << 15), .threads = threads}, stream, p);
}

}  // namespace acim
