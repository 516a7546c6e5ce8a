// SPDX-License-Identifier: Apache-2.0
// One warp a column: every lane draws the cell of one row, a vote of the warp makes a word of each bit
// plane, a sum over the warp the column's q_sum.
#include "cuda/engine/cell_kernel.hpp"

#include "cuda/engine/fragment_place.hpp"
#include "cuda/engine/launch.cuh"
#include "cuda/model/random/noise_key.hpp"

namespace acim {
namespace {

constexpr int threads = 256, lanes = 32, tile_outputs = 16, cell_bits = 8;

// A column of the group: row group, output, plane.
struct ColumnIndex {
    int group, output, plane;

    __device__ ColumnIndex(const ConversionShape& s, std::int64_t index)
        : group(static_cast<int>(index / s.planes / s.outputs)),
          output(static_cast<int>(index / s.planes % s.outputs)),
          plane(static_cast<int>(index % s.planes)) {}
};

// Where the words of a column's bit planes stand.
struct CellWords {
    std::int64_t first, bit_stride;

    __device__ CellWords(const CellDraw& d, const ColumnIndex& c) {
        const ConversionShape& s = d.view->shape;
        const std::int64_t block = std::int64_t{d.conv_group} * s.groups + c.group;
        if (d.fragments) {
            const int tiles = (s.outputs + tile_outputs - 1) / tile_outputs;
            bit_stride = std::int64_t{s.words / 8} * 128;
            first = ((block * tiles + c.output / tile_outputs) * s.planes + c.plane) * cell_bits *
                    bit_stride;
        } else {
            bit_stride = std::int64_t{s.words} * s.outputs;
            first = (block * s.planes + c.plane) * cell_bits * bit_stride + c.output;
        }
    }
    __device__ std::int64_t word(const CellDraw& d, const ColumnIndex& c, int word) const {
        return d.fragments ? fragment_place(c.output, word)
                           : std::int64_t{word} * d.view->shape.outputs;
    }
};

__device__ std::int32_t cell_at(const CellDraw& d, const ColumnPlace& place, int row) {
    const std::uint64_t u = chip_uniform(
        NoiseSource::cell_mismatch,
        {place.row + static_cast<std::uint32_t>(row), place.column, place.array, d.place.layer},
        d.place.chip);
    return mismatch_step(inverse_normal(*d.normal, u));
}

// Weight bits that decide which cells of a word take part.
__device__ std::uint32_t used_cells(const CellDraw& d, const ColumnIndex& c, const CellWords& words,
                                    int word) {
    const ConversionShape& s = d.view->shape;
    const int left = s.depth - c.group * s.group_rows;
    const int rows = min(left, s.group_rows) - word * lanes;
    std::uint32_t used = rows >= lanes ? ~0u : rows <= 0 ? 0u : (1u << rows) - 1u;
    if (d.fragments && used != 0 && d.view->weights != nullptr)
        used &= d.view->weights[words.first / cell_bits + fragment_place(c.output, word)];
    return used;
}

__global__ __launch_bounds__(threads) void draw_cells(CellDraw d, std::int64_t columns) {
    const ConversionShape& s = d.view->shape;
    const int lane = static_cast<int>(threadIdx.x) % lanes, rows = d.view->rows;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * threads / lanes;
    for (std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x) / lanes;
         i < columns; i += step) {
        const ColumnIndex c(s, i);
        const ColumnPlace place =
            column_place(d.place.array, rows, s.planes, d.place.outputs, d.place.first_tile,
                         c.group, d.place.first_output + c.output, c.plane);
        const CellWords words(d, c);
        std::int32_t sum = 0;
        for (int word = 0; word * lanes < rows; ++word) {
            const int row = word * lanes + lane;
            const std::int32_t q = row < rows ? cell_at(d, place, row) : 0;
            sum += q;
            if (word >= s.words) continue;
            const std::uint32_t used = used_cells(d, c, words, word);
            for (int b = 0; b < cell_bits; ++b) {
                const std::uint32_t bits = __ballot_sync(~0u, (q >> b & 1) != 0) & used;
                if (lane == b)
                    d.cells[words.first + b * words.bit_stride + words.word(d, c, word)] = bits;
            }
        }
        for (int half = lanes / 2; half > 0; half /= 2) sum += __shfl_xor_sync(~0u, sum, half);
        if (lane == 0) d.columns[i].q_sum = static_cast<double>(sum);
    }
}

}  // namespace

void launch_draw_cells(const CellDraw& draw, std::int64_t columns, cudaStream_t stream) {
    launch("draw cells", draw_cells, {.blocks = blocks_for(columns, threads / lanes)}, stream, draw,
           columns);
}

}  // namespace acim
