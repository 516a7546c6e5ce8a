// SPDX-License-Identifier: Apache-2.0
// One thread an output element, pixels side by side: reads A, D and the exact product, writes the
// float of the next operator, and adds up the layer's statistics in 128-bit integers, first in
// registers, then over the block, then by atomics.
#include "cuda/engine/finish_kernel.hpp"

#include <cub/block/block_reduce.cuh>

#include "cuda/engine/launch.cuh"
#include "cuda/engine/threads.cuh"
#include "cuda/model/digital/metrics.hpp"
#include "cuda/model/digital/quantise.hpp"

namespace acim {
namespace {

constexpr int threads = 256;

__extension__ using Wide = __int128;

struct ThreadSums {
    Wide of[LimbSums::sums] = {};

    __device__ void add(std::int64_t exact, double y) {
        const digital::OutputSteps steps = digital::output_steps(exact, y);
        of[0] += steps.ideal;
        of[1] += steps.error;
        of[2] += static_cast<Wide>(steps.error) * steps.error;
        of[3] += static_cast<Wide>(steps.ideal) * steps.ideal;
        of[4] += static_cast<Wide>(steps.ideal) * steps.error;
    }
};

__device__ unsigned long long limb_of(Wide value, int k) {
    if (k == LimbSums::limbs - 1)
        return static_cast<unsigned long long>(static_cast<long long>(value >> (32 * k)));
    return static_cast<unsigned long long>(value >> (32 * k)) & 0xFFFFFFFFull;
}

__device__ void add_block(const ThreadSums& own, LimbSums& total) {
    using Reduce = cub::BlockReduce<unsigned long long, threads>;
    __shared__ typename Reduce::TempStorage storage;
    for (int i = 0; i < LimbSums::sums; ++i) {
        for (int k = 0; k < LimbSums::limbs; ++k) {
            const unsigned long long sum = Reduce(storage).Sum(limb_of(own.of[i], k));
            if (threadIdx.x == 0 && sum != 0) atomicAdd(&total.limb[i][k], sum);
            __syncthreads();
        }
    }
}

// One output: its channel, convolution group and output of it, and its pixel in the batch.
struct OutputPlace {
    std::int64_t channel;
    int group, m;
    std::int64_t pixel, slot;
};

__device__ std::int64_t exact_product(const FinishLayer& layer, const OutputPlace& at) {
    const std::int64_t index =
        (static_cast<std::int64_t>(at.group) * layer.product_rows + at.m) * layer.sums.stride +
        at.pixel;
    std::int64_t sum =
        layer.low[index] + layer.offset_product[at.slot * layer.offset_stride + at.channel];
    if (layer.high != nullptr) sum += std::int64_t{layer.high[index]} * 128;
    return sum;
}

// y of one output and its exact product.
__device__ double product_value(const FinishLayer& layer, const FinishWork& work,
                                const OutputPlace& at, std::int64_t exact) {
    if (work.converted == 0) return static_cast<double>(exact);
    const std::int64_t index = at.channel * layer.sums.stride + at.pixel;
    if (work.errors_only != 0) return output_value(work.scale, layer.sums.analog[index], exact);
    std::int64_t digital = work.digital != 0 ? layer.sums.digital[index] : 0;
    if (work.input_correction != 0)
        digital +=
            work.input_correction * layer.input_sums[at.group * layer.sums.stride + at.pixel];
    return output_value(work.scale, layer.sums.analog[index], digital);
}

__global__ __launch_bounds__(threads) void finish(FinishLayer layer, const FinishWork* works) {
    const FinishWork& work = works[blockIdx.y];
    const int pixels = static_cast<int>(work.segment.slots) * layer.pixels;
    const std::int64_t n = static_cast<std::int64_t>(pixels) * layer.outputs * layer.conv_groups;
    const std::int64_t first = static_cast<std::int64_t>(work.segment.first_slot) * layer.pixels;
    ThreadSums sums;
    for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
        const Quotient own(i, pixels);  // channel, pixel of the segment
        const Quotient group(own.quotient, layer.outputs), slot(own.remainder, layer.pixels);
        const OutputPlace at{own.quotient, static_cast<int>(group.quotient), group.remainder,
                             first + own.remainder, work.segment.first_slot + slot.quotient};
        const std::int64_t exact = exact_product(layer, at);
        const double y = product_value(layer, work, at, exact);
        const std::int64_t element = layer.group_first * at.group + layer.output_stride * at.m +
                                     layer.pixel_stride * slot.remainder;
        layer.out[at.slot * layer.elements + element] = digital::dequantise(
            y, digital::product_scale(layer.weight_scale[at.channel], layer.input_scale),
            layer.bias[at.channel]);
        if (work.sums != nullptr) sums.add(exact, y);
    }
    if (work.sums != nullptr) add_block(sums, *work.sums);
}

}  // namespace

void launch_finish(const FinishLayer& layer, const FinishWork* works, std::uint32_t count,
                   std::uint32_t most_slots, cudaStream_t stream) {
    const std::int64_t most =
        std::int64_t{most_slots} * layer.pixels * layer.outputs * layer.conv_groups;
    launch("finish", finish, {.blocks = blocks_for(most, threads * 8, 2048), .blocks_y = count},
           stream, layer, works);
}

}  // namespace acim
