// SPDX-License-Identifier: Apache-2.0
// One thread an output element, pixels side by side: reads A, D and the exact product, writes the
// float of the next operator, and adds up the layer's statistics in 128-bit integers, first in
// registers, then over the block, then by atomics.
#include "cuda/engine/finish_kernel.hpp"

#include <cub/block/block_reduce.cuh>

#include "cuda/engine/launch.cuh"
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

__device__ std::int64_t exact_product(const FinishLayer& layer, int channel, std::int64_t pixel) {
    const int group = channel / layer.outputs, m = channel % layer.outputs;
    const std::int64_t at =
        (static_cast<std::int64_t>(group) * layer.product_rows + m) * layer.sums.stride + pixel;
    std::int64_t sum = layer.low[at] + layer.offset_product[channel];
    if (layer.high != nullptr) sum += std::int64_t{layer.high[at]} * 128;
    return sum;
}

// y of one output and its exact product.
__device__ double product_value(const FinishLayer& layer, const FinishWork& work, int channel,
                                std::int64_t pixel, std::int64_t exact) {
    if (work.converted == 0) return static_cast<double>(exact);
    const std::int64_t at = channel * layer.sums.stride + pixel;
    std::int64_t digital = work.digital != 0 ? layer.sums.digital[at] : 0;
    if (work.input_correction != 0)
        digital += work.input_correction *
                   layer.input_sums[channel / layer.outputs * layer.sums.stride + pixel];
    return output_value(work.scale, layer.sums.analog[at], digital);
}

__global__ __launch_bounds__(threads) void finish(FinishLayer layer, const FinishWork* works) {
    const FinishWork& work = works[blockIdx.y];
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * layer.pixels;
    const std::int64_t n = pixels * layer.outputs * layer.conv_groups;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * threads;
    ThreadSums sums;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x; i < n;
         i += step) {
        const int channel = static_cast<int>(i / pixels);
        const std::int64_t own = i % pixels;  // pixel of the segment
        const std::int64_t pixel =
            static_cast<std::int64_t>(work.segment.first_slot) * layer.pixels + own;
        const std::int64_t exact = exact_product(layer, channel, pixel);
        const double y = product_value(layer, work, channel, pixel, exact);
        const std::int64_t element = layer.group_first * (channel / layer.outputs) +
                                     layer.output_stride * (channel % layer.outputs) +
                                     layer.pixel_stride * (own % layer.pixels);
        layer.out[pixel / layer.pixels * layer.elements + element] = digital::dequantise(
            y, digital::product_scale(layer.weight_scale[channel], layer.input_scale),
            layer.bias[channel]);
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
