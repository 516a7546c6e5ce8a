// SPDX-License-Identifier: Apache-2.0
// What it computes: A and D of layers whose columns and ADCs differ (path chip).
// Shape of the work: a warp takes 16 outputs x 4 pixels; sums as in the tile kernel
// (tile_conversions.cuh). The second integer product of a conversion, M = sum of q*w*x, is eight more
// one-bit products: q stands in bit planes, and doubling what the tensor cores have added up between
// planes is Horner's rule. Position and noise follow the model's declared expressions in double
// precision, which data-centre GPUs have in plenty. The noise is known from 16 bits up to a bound
// (cuda/trial/normal_sketch.hpp); only where the bound crosses a code edge, about one conversion in ten
// thousand, the 48 bits below are drawn.
#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/input_fragments.cuh"
#include "cuda/engine/launch.cuh"
#include "cuda/engine/octet.cuh"
#include "cuda/engine/planned_code.cuh"
#include "cuda/engine/tile_columns.cuh"

namespace acim {
namespace {

constexpr int lanes = 32, warps = 4, tile_outputs = 16, tile_pixels = 4, cell_bits = 8;

// A column of one lane's output and its ADC.
struct ColumnState {
    ChipColumn column;
    AdcChannel adc;
    double measured;
};

// The place of a lane's element: output g + 8r of the item, pixel t.
struct LaneElement {
    FreshPlace place;
    PhiloxKey key;
};

// Code by the 48 bits that the top 16 leave open.
__device__ __noinline__ std::int32_t refined_code(const CycleLawView& law, const AdcChannel& adc,
                                                  std::int64_t position, double sigma,
                                                  std::uint32_t top, const LaneElement& e,
                                                  std::uint32_t k) {
    const std::int32_t z = chip_refined_normal(*law.normal, top, e.key, e.place, k, 0);
    return channel_code(law.scale, adc, add_noise(position, z, sigma));
}

// Code of one conversion whose voltage is known.
__device__ __forceinline__ std::int32_t chip_code(const ConversionView& v, const ColumnState& state,
                                                  int j, std::uint32_t k, std::int64_t count,
                                                  double volts, std::uint32_t top,
                                                  const LaneElement& e) {
    const CycleLawView& law = v.law[j];
    const std::int64_t position = conversion_position(law, state.adc, state.measured, volts, count);
    const double sigma = v.sigma[j][count];
    if (sigma == 0.0) return channel_code(law.scale, state.adc, position);
    const SketchedNormal sketch = sketched_normal(*v.sketch, top);
    constexpr double steps = 16777216.0;  // of a unit normal; two of them cover both truncations
    const double z = static_cast<double>(sketch.z) * steps;
    const double slack = static_cast<double>(sketch.slack) * steps + 2.0;
    const std::int32_t least = channel_code(
        law.scale, state.adc, add_noise(position, static_cast<std::int32_t>(z - slack), sigma));
    const std::int32_t most = channel_code(
        law.scale, state.adc, add_noise(position, static_cast<std::int32_t>(z + slack), sigma));
    return least == most ? least : refined_code(law, state.adc, position, sigma, top, e, k);
}

// The code of a special conversion, weighed.
__device__ __noinline__ std::int64_t special_code(const ConversionView& v, const ColumnState& state,
                                                  std::uint32_t k, std::int64_t count, double volts,
                                                  const LaneElement& e) {
    const ConversionPlan& c = v.conversions[k];
    const CycleLawView& law = v.law[c.cycle];
    const std::int64_t position =
        c.noisy ? conversion_position(law, state.adc, state.measured, volts, count) : 0;
    return c.weight * planned_code(v, c, count, [&](std::uint32_t vote) {
               return channel_conversion(v.path, law, state.adc, position, count, e.key, e.place, k,
                                         vote);
           });
}

template <int pairs>
class ChipTile {
public:
    __device__ ChipTile(const ConversionWork& work, const std::uint32_t* inputs, std::int64_t item,
                        int lane)
        : work_(work), v_(*work.view), bits_(inputs + work.first_word), lane_(lane) {
        const ConversionShape& s = v_.shape;
        pixels_ = static_cast<std::int64_t>(work.segment.slots) * s.pixels;
        const std::int64_t strips = (pixels_ + tile_pixels - 1) / tile_pixels;
        tiles_ = (s.outputs + tile_outputs - 1) / tile_outputs;
        first_pixel_ = item % strips * tile_pixels;
        tile_ = static_cast<int>(item / strips % tiles_);
        conv_group_ = static_cast<int>(item / strips / tiles_);
        const std::int64_t pixel = min(first_pixel_ + (lane & 3), pixels_ - 1);
        for (int r = 0; r < 2; ++r) {
            output_[r] = min(tile_ * tile_outputs + (lane >> 2) + 8 * r, s.outputs - 1);
            e_[r].key = work.segment.key;
            e_[r].place = {static_cast<std::uint32_t>(s.group_first * conv_group_ +
                                                      s.output_stride * output_[r] +
                                                      s.pixel_stride * (pixel % s.pixels)),
                           0,
                           work.segment.first_image + static_cast<std::uint32_t>(pixel / s.pixels),
                           s.layer};
        }
    }

    __device__ void add_group(int group) {
        const ConversionShape& s = v_.shape;
        const int blocks = s.words / 8;
        const std::int64_t pixel = min(first_pixel_ + (lane_ >> 3), pixels_ - 1);
        const std::uint32_t* inputs = bits_ +
                                      ((conv_group_ * pixels_ + pixel) * s.groups + group) *
                                          s.bits * static_cast<std::int64_t>(s.words) +
                                      2 * (lane_ & 3);
        const std::int64_t line =
            ((static_cast<std::int64_t>(conv_group_) * s.groups + group) * tiles_ + tile_) *
            s.planes * blocks * lanes;
        const auto* weights = reinterpret_cast<const uint4*>(work_.weights) + line + lane_;
        const auto* cells = reinterpret_cast<const uint4*>(v_.cells) + cell_bits * line + lane_;
        e_[0].place.group = e_[1].place.group = static_cast<std::uint32_t>(group);
        for (int plane = 0; plane < s.planes; ++plane) {
            std::int32_t count[1][pairs][4] = {}, mismatch[1][pairs][4] = {};
            const uint4* own = weights + plane * blocks * lanes;
            multiply(inputs, own, nullptr, blocks, count);
            // Cells are those of weight bit 1 already, unless weights are computed.
            const uint4* used = v_.weights == nullptr ? own : nullptr;
            if (v_.cells != nullptr)
                for (int b = cell_bits - 1; b >= 0; --b) {
                    if (b < cell_bits - 1) shift(mismatch, b == cell_bits - 2 ? -2 : 2);
                    multiply(inputs, cells + (plane * cell_bits + b) * blocks * lanes, used, blocks,
                             mismatch);
                }
            add_plane(group, plane, count[0], mismatch[0]);
        }
    }

    __device__ void store(const ProductBuffers& out) const {
        const ConversionShape& s = v_.shape;
        const std::int64_t pixel = first_pixel_ + (lane_ & 3);
        for (int r = 0; r < 2; ++r) {
            if (tile_ * tile_outputs + (lane_ >> 2) + 8 * r >= s.outputs || pixel >= pixels_)
                continue;
            const std::int64_t at =
                (static_cast<std::int64_t>(conv_group_) * s.outputs + output_[r]) * out.stride +
                static_cast<std::int64_t>(work_.segment.first_slot) * s.pixels + pixel;
            out.analog[at] = analog_[r];
            if (v_.any_digital) out.digital[at] = digital_[r];
        }
    }

private:
    static constexpr int bits = 2 * pairs;

    // c += ones in common of the inputs and one plane of the 16 outputs, and of `also` unless null.
    __device__ __forceinline__ void multiply(const std::uint32_t* inputs, const uint4* plane,
                                             const uint4* also, int blocks,
                                             std::int32_t (&c)[1][pairs][4]) const {
        for (int block = 0; block < blocks; ++block) {
            InputFragments<pairs, 1> fragments;
            const std::uint32_t* here[1] = {inputs + 8 * block};
            fragments.load(here, v_.shape.bits, v_.shape.words, lane_);
            uint4 ones = __ldg(plane + block * lanes);
            if (also != nullptr) {
                const uint4 w = __ldg(also + block * lanes);
                ones = {ones.x & w.x, ones.y & w.y, ones.z & w.z, ones.w & w.w};
            }
            fragments.multiply(c, ones);
        }
    }
    __device__ __forceinline__ static void shift(std::int32_t (&c)[1][pairs][4], int factor) {
#pragma unroll
        for (int pair = 0; pair < pairs; ++pair)
#pragma unroll
            for (int i = 0; i < 4; ++i) c[0][pair][i] *= factor;
    }

    __device__ ColumnState column_state(int group, int r, int plane) const {
        const ChipView& chip = v_.chips[conv_group_];
        ColumnState state;
        state.column =
            chip.columns[(static_cast<std::int64_t>(group) * v_.shape.outputs + output_[r]) *
                             v_.shape.planes +
                         plane];
        state.adc = chip.adcs[state.column.adc];
        state.measured = chip.measured == nullptr ? 0.0 : chip.measured[state.column.adc];
        return state;
    }

    __device__ __forceinline__ PhiloxWords octet(int r, std::uint32_t k) const {
        return philox4x32(fresh_counter(NoiseSource::chip_normal, e_[r].place, k >> 3, 0),
                          e_[r].key);
    }

    // Column `plane` of a lane's two outputs. A loop over cycles, not unrolled: its code would not fit
    // the processor's cache of instructions.
    __device__ __forceinline__ void add_plane(int group, int plane,
                                              const std::int32_t (&count)[pairs][4],
                                              const std::int32_t (&mismatch)[pairs][4]) {
        ColumnState state[2];
        std::int32_t ones[2][bits], deviation[2][bits];  // in memory, for an index of run time
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            state[r] = column_state(group, r, plane);
#pragma unroll
            for (int b = 0; b < bits; ++b) {
                ones[r][b] = count[b >> 1][2 * r + (b & 1)];
                deviation[r][b] = mismatch[b >> 1][2 * r + (b & 1)];
            }
        }
        std::int64_t sum[2] = {};
        double per_count[2] = {};
        int last_width = 0;
        auto k = static_cast<std::uint32_t>(plane * v_.cycles.count);
#pragma unroll 1
        for (int j = 0; j < v_.cycles.count; ++j, ++k) {
            const int low = v_.cycles.low_bit[j], width = v_.cycles.width[j];
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                if (width != last_width)
                    per_count[r] =
                        count_voltage(v_.terms, state[r].column.q_sum, state[r].column.parasitic,
                                      column_span(v_.encoding, full_scale(v_.rows, width)));
                if ((k & 7u) == 0) octet_[r] = octet(r, k);
                const std::uint32_t top = take_uniform(octet_[r]);
                const std::int32_t s = bit_sum(ones[r] + low, width);
                if ((v_.digital[plane] >> j & 1) != 0) {
                    digital_[r] += std::int64_t{v_.plane_factor[plane]} * v_.cycle_place[j] * s;
                    continue;
                }
                const std::int32_t m = bit_sum(deviation[r] + low, width);
                const double volts =
                    column_voltage(v_.terms, per_count[r], state[r].column.injection,
                                   real_count(v_.terms, s, m, 0), 0.0);
                if ((v_.special[plane] >> j & 1) != 0)
                    analog_[r] += special_code(v_, state[r], k, s, volts, e_[r]);
                else
                    sum[r] += std::int64_t{v_.cycle_factor[j]} *
                              chip_code(v_, state[r], j, k, s, volts, top, e_[r]);
            }
            last_width = width;
        }
#pragma unroll
        for (int r = 0; r < 2; ++r) analog_[r] += std::int64_t{v_.plane_factor[plane]} * sum[r];
    }

    const ConversionWork& work_;
    const ConversionView& v_;
    const std::uint32_t* bits_;
    const int lane_;
    std::int64_t pixels_, first_pixel_;
    int tiles_, tile_, conv_group_;
    int output_[2];
    LaneElement e_[2];
    PhiloxWords octet_[2]{};  // under way
    std::int64_t analog_[2] = {}, digital_[2] = {};
};

template <int pairs>
__global__ __launch_bounds__(lanes* warps, 3) void chip_tiles(const ConversionWork* works,
                                                              const std::uint32_t* bits,
                                                              ProductBuffers out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionShape& s = work.view->shape;
    const std::int64_t pixels = static_cast<std::int64_t>(work.segment.slots) * s.pixels;
    const std::int64_t items = (pixels + tile_pixels - 1) / tile_pixels *
                               ((s.outputs + tile_outputs - 1) / tile_outputs) * s.conv_groups;
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * warps;
    const int lane = static_cast<int>(threadIdx.x) % lanes;
    for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * warps + threadIdx.x / lanes;
         item < items; item += step) {
        ChipTile<pairs> tile(work, bits, item, lane);
        for (int group = 0; group < s.groups; ++group) tile.add_group(group);
        tile.store(out);
    }
}

}  // namespace

void launch_chip_tiles(const TileLaunch& what, const ConversionWork* works, std::uint32_t count,
                       const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream) {
    const auto kernel = what.shape.bits <= 4   ? chip_tiles<2>
                        : what.shape.bits <= 8 ? chip_tiles<4>
                                               : chip_tiles<5>;
    launch("chip tiles", kernel,
           {.blocks = blocks_for(2 * what.most_items, warps, 4096),
            .blocks_y = count,
            .threads = lanes * warps},
           stream, works, bits, out);
}

}  // namespace acim
