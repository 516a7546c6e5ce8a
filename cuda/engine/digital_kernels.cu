// SPDX-License-Identifier: Apache-2.0
#include "cuda/engine/digital_kernels.hpp"

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/elementwise.hpp"
#include "cuda/model/digital/pool.hpp"
#include "cuda/trial/digital_operators.hpp"

// One thread an output element, neighbours side by side: all of these wait for memory only.
namespace acim {
namespace {

constexpr int threads = 256;

Grid grid_of(std::int64_t n) { return {.blocks = blocks_for(n, threads), .threads = threads}; }

__global__ void relu_values(const float* in, float* out, std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) out[i] = digital::relu(in[i]);
}

__global__ void clip_values(const float* in, float* out, std::int64_t n, float low, float high) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = digital::clip(in[i], low, high);
}

// `shared` neighbours of a meet one element of b.
__global__ void add_values(const float* a, const float* b, float* out, std::int64_t n,
                           std::int64_t shared) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count())
        out[i] = digital::add(a[i], b[i / shared]);
}

__global__ void affine_values(const float* in, const float* scale, const float* shift, float* out,
                              std::int64_t n, int channels, std::int64_t block) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const std::int64_t c = i / block % channels;
        out[i] = digital::affine(in[i], scale[c], shift[c]);
    }
}

// Where an output of a pooling layer reads: the map of its channel and slot, and its window.
struct PoolPlace {
    const float* map;
    digital::PoolWindow window;
};

__device__ __forceinline__ PoolPlace pool_place(const PoolGeometry& p, const float* in,
                                                std::int64_t i) {
    const std::int64_t line = i / p.out_width;
    const int ox = static_cast<int>(i % p.out_width), oy = static_cast<int>(line % p.out_height);
    return {in + line / p.out_height * p.in_height * p.in_width, window_at(p, oy, ox)};
}

__global__ void max_pool_values(PoolGeometry pool, const float* in, float* out, std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const auto [map, w] = pool_place(pool, in, i);
        float best = digital::max_pool_start;
        for (int y = w.rows.begin; y < w.rows.end; ++y)
            for (int x = w.columns.begin; x < w.columns.end; ++x)
                best = digital::max_pool_step(best, map[y * pool.in_width + x]);
        out[i] = best;
    }
}

__global__ void average_pool_values(PoolGeometry pool, bool include_pad, int fraction_bits,
                                    const float* in, float* out, std::int64_t n) {
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const auto [map, w] = pool_place(pool, in, i);
        std::int64_t sum = 0;
        for (int y = w.rows.begin; y < w.rows.end; ++y)
            for (int x = w.columns.begin; x < w.columns.end; ++x)
                sum += digital::average_pool_term(map[y * pool.in_width + x], fraction_bits);
        const int count =
            digital::average_pool_count(w, pool.kernel_height * pool.kernel_width, include_pad);
        out[i] = digital::average_pool_result(sum, count, fraction_bits);
    }
}

std::int64_t pool_outputs(const PoolGeometry& pool, std::int64_t slots) {
    return slots * pool.channels * pool.out_height * pool.out_width;
}

}  // namespace

void launch_relu(const float* in, float* out, std::int64_t n, cudaStream_t stream) {
    launch("relu", relu_values, grid_of(n), stream, in, out, n);
}

void launch_clip(const float* in, float* out, std::int64_t n, float low, float high,
                 cudaStream_t stream) {
    launch("clip", clip_values, grid_of(n), stream, in, out, n, low, high);
}

void launch_add(const float* a, const float* b, float* out, std::int64_t slots,
                std::int64_t elements, std::int64_t b_elements, cudaStream_t stream) {
    const std::int64_t n = slots * elements;
    launch("add", add_values, grid_of(n), stream, a, b, out, n, b_elements == 1 ? elements : 1);
}

void launch_affine(const float* in, const float* scale, const float* shift, float* out,
                   std::int64_t slots, int channels, std::int64_t block, cudaStream_t stream) {
    const std::int64_t n = slots * channels * block;
    launch("affine", affine_values, grid_of(n), stream, in, scale, shift, out, n, channels, block);
}

void launch_max_pool(const PoolGeometry& pool, const float* in, float* out, std::int64_t slots,
                     cudaStream_t stream) {
    const std::int64_t n = pool_outputs(pool, slots);
    launch("max pool", max_pool_values, grid_of(n), stream, pool, in, out, n);
}

void launch_average_pool(const AveragePool& op, const float* in, float* out, std::int64_t slots,
                         cudaStream_t stream) {
    const std::int64_t n = pool_outputs(op.pool, slots);
    launch("average pool", average_pool_values, grid_of(n), stream, op.pool, op.count_include_pad,
           op.fraction_bits, in, out, n);
}

}  // namespace acim
