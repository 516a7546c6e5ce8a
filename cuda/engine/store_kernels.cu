// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/store_kernels.hpp"

#include "cuda/engine/fragment_place.hpp"
#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/quantise.hpp"
#include "cuda/model/macro/encoding.hpp"

namespace acim {
namespace {

constexpr int threads = 256, lanes = 32, tile_outputs = 16, block_words = 8;

// The integer in row k of output m of a head; one-bit weights are 0 or 1.
__device__ __forceinline__ std::int32_t stored_value(const StoredView& s, const float* head, int m,
                                                     int k) {
    const std::int64_t at =
        s.on_left ? std::int64_t{m} * s.depth + k : std::int64_t{k} * s.outputs + m;
    const std::int32_t w = digital::quantise(head[at], s.scale, s.low, s.high);
    return s.bits == 1 ? w & 1 : w;
}

// One warp a line: an output of a head of a slot. Every lane takes four bytes at a time.
__global__ void store_bytes(StoredView s, const float* tensor, std::int64_t lines,
                            StoredBytes out) {
    const int lane = lane_index();
    for (std::int64_t i = thread_index() / lanes; i < lines; i += thread_count() / lanes) {
        const Quotient row(i, s.rows), head(row.quotient, s.heads);
        const int m = row.remainder;
        const float* values = tensor + head.quotient * s.elements +
                              std::int64_t{head.remainder} * s.outputs * s.depth;
        std::int32_t sum = 0;
        for (int r = lane * 4; r < s.line; r += lanes * 4) {
            std::uint32_t word = 0;
            for (int b = 0; b < 4 && m < s.outputs && r + b < s.depth; ++b) {
                const std::int32_t w = stored_value(s, values, m, r + b);
                sum += w;
                word |= (static_cast<std::uint32_t>(w) & 0xFFu) << (8 * b);
            }
            *reinterpret_cast<std::uint32_t*>(out.bytes + i * s.line + r) = word;
        }
        for (int step = lanes / 2; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
        if (lane == 0 && m < s.outputs)
            out.offset_product[row.quotient * s.outputs + m] = std::int64_t{s.byte_offset} * sum;
    }
}

// Words of one column of all outputs: a head, a row group, and a word of its rows.
struct StoredWord {
    int output, word, group;
    int head;

    // Outputs of a work, with those that only fill a tile.
    __device__ static int outputs_of(const ConversionShape& s, bool fragments) {
        return fragments ? (s.outputs + tile_outputs - 1) / tile_outputs * tile_outputs : s.outputs;
    }
    __device__ StoredWord(const ConversionShape& s, int outputs, std::int64_t index) {
        const Quotient m(index, outputs), w(m.quotient, s.words), g(w.quotient, s.groups);
        output = m.remainder;
        word = w.remainder;
        group = g.remainder;
        head = static_cast<int>(g.quotient);
    }
    // Where its word of column `plane` stands.
    __device__ std::int64_t place(const ConversionShape& s, int plane, bool fragments) const {
        const std::int64_t block = std::int64_t{head} * s.groups + group;
        if (!fragments) return ((block * s.planes + plane) * s.words + word) * s.outputs + output;
        const int tiles = (s.outputs + tile_outputs - 1) / tile_outputs;
        return ((block * tiles + output / tile_outputs) * s.planes + plane) *
                   (s.words / block_words) * 128 +
               fragment_place(output, word);
    }
};

// One warp a word of all columns: every lane one row, a vote of the warp for each column, which the
// lane of that number writes.
__global__ void store_bits(StoredView stored, const std::int8_t* bytes, const ConversionWork* works,
                           bool fragments, std::uint32_t* out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionView& v = *work.view;
    const ConversionShape s = v.shape;
    const int lane = lane_index(), outputs = StoredWord::outputs_of(s, fragments);
    std::uint32_t* const to = out + (work.weights - out);  // not const
    const std::int64_t n = std::int64_t{s.conv_groups} * s.groups * s.words * outputs;
    for (std::int64_t i = thread_index() / lanes; i < n; i += thread_count() / lanes) {
        const StoredWord at(s, outputs, i);
        const int first = at.group * s.group_rows, row = at.word * lanes + lane;
        const int rows = at.output < s.outputs ? min(s.group_rows, s.depth - first) : 0;
        const bool inside = row < rows, any = row - lane < rows;
        const std::int64_t line =
            (std::int64_t{work.segment.first_slot} * stored.heads + at.head) * stored.rows +
            at.output;
        const int w = inside ? bytes[line * stored.line + first + row] : 0;
        std::uint32_t own = 0;
        for (int plane = 0; any && plane < s.planes; ++plane) {
            const int bit = stored_bit(v.encoding, v.weight_bits, v.columns, plane, w);
            const std::uint32_t vote = __ballot_sync(~0u, inside && bit != 0);
            own = lane == plane ? vote : own;
        }
        if (lane < s.planes) to[at.place(s, lane, fragments)] = own;
    }
}

}  // namespace

void launch_store_bytes(const StoredView& stored, const float* tensor, std::uint32_t slots,
                        const StoredBytes& out, cudaStream_t stream) {
    const std::int64_t lines = std::int64_t{slots} * stored.heads * stored.rows;
    launch("store bytes", store_bytes, {.blocks = blocks_for(lines, threads / lanes)}, stream,
           stored, tensor, lines, out);
}

void launch_store_bits(const StoredView& stored, const std::int8_t* bytes,
                       const ConversionWork* works, std::uint32_t count, std::int64_t most_words,
                       bool fragments, std::uint32_t* out, cudaStream_t stream) {
    launch("store bits", store_bits,
           {.blocks = blocks_for(most_words, threads / lanes, 4096), .blocks_y = count}, stream,
           stored, bytes, works, fragments, out);
}

}  // namespace acim
