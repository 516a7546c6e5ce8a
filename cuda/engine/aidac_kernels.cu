// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/aidac_kernels.hpp"

#include <type_traits>

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/aidac/row_conversion.hpp"

// A block takes 64 pixels and up to 32 outputs of one array, which is what shares a row's input
// capacitors: so it converts the inputs of its pixels once, as it brings them to shared memory, and
// nothing of the effective inputs is ever stored. A thread has two pixels of four outputs; operands
// lie in shared memory in pairs of rows. After each block of the macro its sums become times, in
// the order of the CPU's additions.
namespace acim {

extern __shared__ std::uint32_t acim_shared[];

namespace {

constexpr int lanes = 32, warps = 8, threads = lanes * warps;
constexpr int lane_pixels = 2, warp_outputs = 4;
constexpr int tile_pixels = lanes * lane_pixels, tile_outputs = warps * warp_outputs;
static_assert(tile_outputs <= lanes);
constexpr int tile_rows = 2 * lanes;  // that shared memory holds at a time
// Words of a pixel in shared memory; odd, so that the lanes of a warp read from 32 banks.
constexpr int pixel_line = tile_rows / 2 + 1;
constexpr int output_line = tile_rows / 2;
constexpr int shared_words = tile_pixels * pixel_line + tile_outputs * output_line;

__device__ __forceinline__ int warp_index() { return static_cast<int>(threadIdx.x) / lanes; }

// Operands of rows 2n and 2n+1.
__device__ __forceinline__ std::uint32_t pair_of(std::int16_t low, std::int16_t high) {
    return static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16 |
           static_cast<std::uint16_t>(low);
}
__device__ __forceinline__ std::int32_t low_of(std::uint32_t pair) {
    return static_cast<std::int16_t>(pair & 0xFFFFu);
}
__device__ __forceinline__ std::int32_t high_of(std::uint32_t pair) {
    return static_cast<std::int16_t>(pair >> 16);
}

// What the bits of an operand count in one row of an array [1/64].
struct RowBits {
    std::int16_t bit[aidac::operand_bits];
};

__device__ __forceinline__ RowBits row_bits(const AidacView& v, int array, int row) {
    RowBits out;
    for (int b = 0; b < aidac::operand_bits; ++b) {
        const std::int64_t line = std::int64_t{array} * aidac::operand_bits + b;
        out.bit[b] = v.inputs == nullptr ? static_cast<std::int16_t>(aidac::operand_steps << b)
                                         : v.inputs[line * v.layout.depth + row];
    }
    return out;
}

// The part of a product that a block computes.
struct Tile {
    int array, first_output, outputs;
    std::int64_t first_pixel;
    int pixels;
    const std::int16_t* weights;  // of the product
    const std::int64_t* correction;
};

// Rows that are in shared memory.
struct RowRange {
    int first, count;
};

// Products of a tile; `effective` as in AidacView, as a constant.
template <bool effective>
class Products {
public:
    // A sum of up to 32768 products of bytes fits int32.
    using Sum = std::conditional_t<effective, std::int64_t, std::int32_t>;

    __device__ Products(const AidacView& v, const AidacBatch& b, const Tile& tile)
        : v_(v), b_(b), tile_(tile) {}

    __device__ void run() {
        write_digital();
        for (int span = 0; span < v_.layout.spans; ++span) {
            add_span(span);
            for (int o = 0; o < warp_outputs; ++o)
                for (int q = 0; q < lane_pixels; ++q)
                    if (inside(o, q)) codes_[o][q] += code(span, o, q);
        }
        for (int o = 0; o < warp_outputs; ++o)
            for (int q = 0; q < lane_pixels; ++q)
                if (inside(o, q)) b_.analog[output(o) * b_.stride + pixel(q)] = codes_[o][q];
    }

private:
    __device__ bool inside(int o, int q) const {
        return warp_index() * warp_outputs + o < tile_.outputs &&
               lane_index() + q * lanes < tile_.pixels;
    }
    __device__ std::int64_t output(int o) const {
        return tile_.first_output + warp_index() * warp_outputs + o;
    }
    __device__ std::int64_t pixel(int q) const {
        return tile_.first_pixel + lane_index() + q * lanes;
    }

    // D of the tile: a warp adds up the inputs of a pixel, a lane has an output.
    __device__ void write_digital() const {
        const int lane = lane_index(), depth = v_.layout.depth;
        for (int p = warp_index(); p < tile_.pixels; p += warps) {
            const std::int16_t* x = b_.inputs + (tile_.first_pixel + p) * depth;
            std::int64_t sum = 0;
            for (int r = lane; r < depth; r += lanes) sum += x[r];
            for (int step = lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
            if (lane >= tile_.outputs) continue;
            const std::int64_t m = tile_.first_output + lane;
            b_.digital[m * b_.stride + tile_.first_pixel + p] =
                v_.operands.digital(sum, tile_.correction[m]);
        }
    }

    // Sum of the times of a span's blocks less those of its reference; of an ideal chain the plain
    // sum over the span. Blocks without rows of this layer still add the time of their converters
    // at zero input.
    __device__ void add_span(int span) {
        const int rows = v_.layout.rows_of(span), first = span * v_.layout.span_rows;
        clear(sum_);
        clear(time_);
        for (int n = 0; n < v_.terms.blocks; ++n) {
            const int begin = n * v_.terms.rows;
            const int end = rows < begin + v_.terms.rows ? rows : begin + v_.terms.rows;
            for (int r = begin; r < end; r += tile_rows) {
                const RowRange part{first + r, end - r < tile_rows ? end - r : tile_rows};
                __syncthreads();  // until all have used the rows before
                stage_inputs(part);
                stage_weights(part);
                __syncthreads();
                add_rows((part.count + 1) / 2);
            }
            if (!v_.ideal) add_times(span, n);
        }
    }

    template <class T>
    __device__ static void clear(T (&values)[warp_outputs][lane_pixels]) {
        for (auto& line : values)
            for (T& value : line) value = T{};
    }

    __device__ static void copy(const Sum (&from)[warp_outputs][lane_pixels],
                                Sum (&to)[warp_outputs][lane_pixels]) {
        for (int o = 0; o < warp_outputs; ++o)
            for (int q = 0; q < lane_pixels; ++q) to[o][q] = from[o][q];
    }

    // A lane brings a pair of rows, a warp every eighth pixel; where the tile ends there are zeros.
    __device__ void stage_inputs(RowRange rows) const {
        const int lane = lane_index(), left = rows.count - 2 * lane, row = rows.first + 2 * lane;
        RowBits low{}, high{};
        if (effective && left > 0) low = row_bits(v_, tile_.array, row);
        if (effective && left > 1) high = row_bits(v_, tile_.array, row + 1);
        for (int p = warp_index(); p < tile_pixels; p += warps) {
            std::uint32_t pair = 0;
            if (p < tile_.pixels) {
                const std::int16_t* x = b_.inputs + (tile_.first_pixel + p) * v_.layout.depth + row;
                pair =
                    pair_of(left > 0 ? operand(low, x[0]) : 0, left > 1 ? operand(high, x[1]) : 0);
            }
            acim_shared[p * pixel_line + lane] = pair;
        }
    }

    __device__ std::int16_t operand(const RowBits& bits, std::int16_t value) const {
        const auto x = static_cast<std::int16_t>(
            aidac::array_operand(value, v_.operands.input_offset, v_.activation_bits));
        if constexpr (!effective) return x;
        std::int16_t sum = 0;
        for (int b = 0; b < aidac::operand_bits; ++b)
            sum = aidac::add_input_bit(sum, bits.bit[b], x, b);
        return sum;
    }

    __device__ void stage_weights(RowRange rows) const {
        const int lane = lane_index(), left = rows.count - 2 * lane;
        std::uint32_t* out = acim_shared + tile_pixels * pixel_line;
        for (int o = warp_index(); o < tile_outputs; o += warps) {
            std::uint32_t pair = 0;
            if (o < tile_.outputs) {
                const std::int64_t m = tile_.first_output + o;
                const std::int16_t* w = tile_.weights + m * v_.layout.depth + rows.first + 2 * lane;
                pair = pair_of(left > 0 ? w[0] : 0, left > 1 ? w[1] : 0);
            }
            out[o * output_line + lane] = pair;
        }
    }

    __device__ void add_rows(int pairs) {
        const std::uint32_t* inputs = acim_shared + lane_index() * pixel_line;
        const std::uint32_t* weights =
            acim_shared + tile_pixels * pixel_line + warp_index() * warp_outputs * output_line;
        Sum sum[warp_outputs][lane_pixels];  // of their own, so that they stay in registers
        copy(sum_, sum);
        for (int k = 0; k < pairs; ++k) {
            std::uint32_t x[lane_pixels];
            for (int q = 0; q < lane_pixels; ++q) x[q] = inputs[q * lanes * pixel_line + k];
            for (int o = 0; o < warp_outputs; ++o) {
                const std::uint32_t w = weights[o * output_line + k];
                for (int q = 0; q < lane_pixels; ++q)
                    sum[o][q] += Sum{low_of(w)} * low_of(x[q]) + Sum{high_of(w)} * high_of(x[q]);
            }
        }
        copy(sum, sum_);
    }

    // The sums of block n become times.
    __device__ void add_times(int span, int n) {
        constexpr std::int64_t unit = effective ? 1 : aidac::operand_steps * aidac::operand_steps;
        for (int o = 0; o < warp_outputs; ++o) {
            if (!inside(o, 0)) continue;  // then inside(o, 1) is false too
            const std::int64_t line = std::int64_t{span} * v_.layout.outputs + output(o);
            const aidac::ConverterError error = v_.converters == nullptr
                                                    ? aidac::ConverterError{}
                                                    : v_.converters[line * v_.terms.blocks + n];
            for (int q = 0; q < lane_pixels; ++q) {
                const double voltage = aidac::block_voltage(v_.terms, sum_[o][q] * unit);
                time_[o][q] = time_[o][q] + aidac::block_time(v_.terms, error, voltage);
            }
        }
        clear(sum_);
    }

    __device__ std::int32_t code(int span, int o, int q) const {
        if (v_.ideal) return aidac::ideal_tdc_code(v_.tdc, sum_[o][q], v_.layout.span_rows);
        double time = time_[o][q];
        if (v_.reference != nullptr)
            time = time - v_.reference[std::int64_t{span} * v_.layout.arrays + tile_.array];
        const std::int64_t slot = pixel(q) / b_.pixels_per_image;
        const std::int64_t p = pixel(q) % b_.pixels_per_image;
        const FreshPlace place{b_.map.element(output(o), p), static_cast<std::uint32_t>(span),
                               b_.slots[slot].image, b_.layer};
        return aidac::noisy_tdc_code(
            v_.tdc, v_.noise, *v_.normal, aidac::tdc_position(v_.tdc, time, v_.terms.blocks),
            b_.key, place, b_.map.element(v_.layout.first_in_array(tile_.array), p));
    }

    const AidacView& v_;
    const AidacBatch& b_;
    const Tile& tile_;
    Sum sum_[warp_outputs][lane_pixels];
    double time_[warp_outputs][lane_pixels];
    std::int64_t codes_[warp_outputs][lane_pixels] = {};
};

// Strips of 64 pixels, none of which spans slots with weights of their own.
struct Strips {
    std::int64_t alike;  // pixels with the same weights
    std::int64_t each;   // strips that those take
    std::int64_t count;

    __host__ __device__ Strips(const AidacView& v, const AidacBatch& b)
        : alike(v.weights == nullptr ? b.pixels_per_image : b.pixels),
          each((alike + tile_pixels - 1) / tile_pixels),
          count(b.pixels / alike * each) {}

    __device__ void place(const AidacBatch& b, std::int64_t strip, Tile& tile) const {
        const std::int64_t set = strip / each, first = strip % each * tile_pixels;
        tile.first_pixel = set * alike + first;
        tile.pixels = static_cast<int>(min(alike - first, std::int64_t{tile_pixels}));
        if (tile.weights != nullptr) return;
        tile.weights = b.own.weights + set * b.own.weight_step;
        tile.correction = b.own.correction + set * b.own.correction_step;
    }
};

// Tiles of outputs that an array may need.
__host__ __device__ inline int tiles_of_array(const AidacLayout& layout) {
    return (layout.per_array + tile_outputs - 1) / tile_outputs;
}

template <bool effective>
__global__ void __launch_bounds__(threads)
    aidac_products(const __grid_constant__ AidacView v, const __grid_constant__ AidacBatch b) {
    const AidacLayout& at = v.layout;
    const int tiles = tiles_of_array(at);
    for (int y = static_cast<int>(blockIdx.y); y < at.arrays * tiles;
         y += static_cast<int>(gridDim.y)) {
        const int array = y / tiles;
        const int next = at.first_in_array(array + 1);
        const int end = next < at.outputs ? next : at.outputs;
        const int first = at.first_in_array(array) + y % tiles * tile_outputs;
        if (first >= end) continue;
        const int outputs = end - first < tile_outputs ? end - first : tile_outputs;
        const Strips strips(v, b);
        for (std::int64_t i = blockIdx.x; i < strips.count; i += gridDim.x) {
            Tile tile{array, first, outputs, 0, 0, v.weights, v.correction};
            strips.place(b, i, tile);
            Products<effective>(v, b, tile).run();
        }
    }
}

// One warp a line: an output of a slot.
__global__ void make_weights(const __grid_constant__ AidacView v, StoredView stored,
                             const std::int8_t* bytes, std::int64_t lines, AidacSlotWeights own) {
    const int depth = v.layout.depth, outputs = v.layout.outputs;
    const int blocks = (depth + v.terms.rows - 1) / v.terms.rows;
    for (std::int64_t i = thread_index() / lanes; i < lines; i += thread_count() / lanes) {
        const Quotient at(i, outputs);
        const std::int64_t m = at.remainder;
        const std::int8_t* line =
            bytes + (at.quotient * stored.heads * stored.rows + m) * stored.line;
        std::int16_t* out = own.weights + at.quotient * own.weight_step + m * depth;
        std::int32_t sum = 0;
        for (int r = lane_index(); r < depth; r += lanes) {
            const int w = line[r];
            sum += w;
            const int operand = aidac::array_operand(w, v.operands.weight_offset, stored.bits);
            out[r] = v.rows == nullptr ? static_cast<std::int16_t>(operand)
                                       : effective_weight(v.terms, operand,
                                                          v.columns[m * blocks + r / v.terms.rows],
                                                          v.rows[m * depth + r]);
        }
        for (int step = lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
        if (lane_index() == 0)
            own.correction[at.quotient * own.correction_step + m] =
                v.operands.input_offset * (sum + std::int64_t{v.operands.weight_offset} * depth);
    }
}

}  // namespace

void launch_aidac_weights(const AidacView& layer, const StoredView& stored,
                          const std::int8_t* bytes, std::int64_t slots, const AidacSlotWeights& own,
                          cudaStream_t stream) {
    const std::int64_t lines = slots * layer.layout.outputs;
    if (lines == 0) return;
    launch("AiDAC weights", make_weights, {.blocks = blocks_for(lines, warps), .threads = threads},
           stream, layer, stored, bytes, lines, own);
}

void launch_aidac(const AidacView& layer, const AidacBatch& batch, cudaStream_t stream) {
    if (batch.pixels == 0 || layer.layout.outputs == 0) return;
    constexpr int most_blocks_y = 65535;
    const int lines = layer.layout.arrays * tiles_of_array(layer.layout);
    const Grid grid{
        .blocks = blocks_for(Strips(layer, batch).count, 1),
        .blocks_y = static_cast<unsigned>(lines < most_blocks_y ? lines : most_blocks_y),
        .threads = threads,
        .shared_bytes = shared_words * sizeof(std::uint32_t)};
    launch("AiDAC products", layer.effective ? aidac_products<true> : aidac_products<false>, grid,
           stream, layer, batch);
}

}  // namespace acim
