// SPDX-License-Identifier: Apache-2.0
// Every conversion of every macro: one thread an output element, one row group, column and cycle
// after the other, as the reference kernel does (cuda/trial/reference_kernel.cpp). Threads of a warp
// take neighbouring outputs of one pixel, so that weights load side by side and inputs are shared.
// Sums come from bit planes by AND and population count; eight more planes hold the cells'
// deviations. This kernel serves what the tensor-core kernel leaves out.
#include "cuda/engine/conversion_kernels.hpp"
#include "cuda/engine/element_rows.cuh"
#include "cuda/engine/launch.cuh"
#include "cuda/engine/planned_code.cuh"

namespace acim {
namespace {

constexpr int threads = 128;

// Sum over rows of q*w*x, q from its bit planes, the highest negative.
__device__ std::int64_t mismatch_sum(const ConversionView& v, const RowGroup& g,
                                     const std::uint32_t* w, int plane, int j) {
    const std::int64_t plane_words = static_cast<std::int64_t>(v.shape.words) * g.outputs;
    std::int64_t sum = 0;
    for (int b = 0; b < 8; ++b) {
        const std::uint32_t* q = g.cells + (plane * 8 + b) * plane_words;
        const std::int64_t part = cycle_sum(v, g, q, w, j) << b;
        sum += b == 7 ? -part : part;
    }
    return sum;
}

// For xnor every cell takes part, with the value E + x, E or E - x of its stored sign.
__device__ std::int64_t signed_mismatch(const ConversionView& v, const RowGroup& g,
                                        const std::uint32_t* w, const ChipColumn& column, int plane,
                                        int j) {
    const std::int64_t stored = mismatch_sum(v, g, w, plane, j);
    if (v.encoding != WeightEncoding::xnor) return stored;
    return 2 * stored - mismatch_sum(v, g, nullptr, plane, j) +
           half_drive_mismatch(column.q_sum, v.cycles.width[j]);
}

// Sum of the input DACs' errors; a row's value is put together from its bits.
__device__ std::int64_t dac_sum(const ConversionView& v, const RowGroup& g, const std::uint32_t* w,
                                const ChipView& chip, const ChipColumn& column, int j) {
    const int width = v.cycles.width[j], words = v.shape.words;
    const std::int32_t* table = chip.dac[width];
    if (width == 1 || !v.any_dac || table == nullptr) return 0;
    const std::int8_t* drivers =
        chip.drivers == nullptr ? nullptr
                                : chip.drivers + static_cast<std::int64_t>(column.drivers) * v.rows;
    std::int64_t sum = 0;
    for (int r = 0; r < g.rows; ++r) {
        std::uint32_t x = 0;
        for (int b = 0; b < width; ++b)
            x |= (g.inputs[(v.cycles.low_bit[j] + b) * words + r / 32] >> (r % 32) & 1u) << b;
        const bool one = (w[static_cast<std::int64_t>(r / 32) * g.outputs] >> (r % 32) & 1u) != 0;
        const int sign = v.encoding == WeightEncoding::xnor ? (one ? 1 : -1) : (one ? 1 : 0);
        const int line = drivers == nullptr ? 0 : drivers[r] + 127;
        sum += sign * table[(static_cast<std::uint32_t>(line) << width) + x];
    }
    return sum;
}

// Everything that the conversions of one element add up to.
struct Sums {
    std::int64_t analog = 0, digital = 0;
};

// The conversion of a column's count, digital or through its ADC at voltage `volts`.
__device__ void convert(const ConversionView& v, const Element& e, const ChipView* chip,
                        const ChipColumn* column, int k, std::int64_t s, std::int64_t x,
                        std::int64_t count, double volts, Sums& sums) {
    const ConversionPlan& c = v.conversions[k];
    if (!c.through_adc) {
        sums.digital += c.weight * (v.encoding == WeightEncoding::xnor ? 2 * s - x : s);
        return;
    }
    const CycleLawView& law = v.law[c.cycle];
    const AdcChannel* adc = nullptr;
    std::int64_t position = 0;
    if (chip != nullptr && c.noisy) {
        adc = chip->adcs + column->adc;
        const double measured = chip->measured == nullptr ? 0.0 : chip->measured[column->adc];
        position = conversion_position(law, *adc, measured, volts, count);
    }
    const auto at = static_cast<std::uint32_t>(k);
    sums.analog += c.weight * planned_code(v, c, count, [&](std::uint32_t vote) {
                       return adc != nullptr
                                  ? channel_conversion(v.path, law, *adc, position, count, e.key,
                                                       e.place, at, vote)
                                  : conversion_code(v.path, law, count, e.key, e.place, at, vote);
                   });
}

// All columns and cycles of a row group. Weight-parallel conversion adds the columns up first.
__device__ void add_row_group(const ConversionView& v, const Element& e, const RowGroup& g,
                              const ChipView* chip, Sums& sums) {
    double shared_volts[max_cycles] = {};
    std::int64_t shared_sum[max_cycles] = {}, driven[max_cycles] = {};
    const bool needs_driven = v.encoding == WeightEncoding::xnor;
    for (int j = 0; needs_driven && j < v.cycles.count; ++j)
        driven[j] = cycle_sum(v, g, nullptr, nullptr, j);
    const std::int64_t column_at =
        (static_cast<std::int64_t>(g.index) * g.outputs + e.output) * v.shape.planes;
    for (int i = 0; i < v.shape.planes; ++i) {
        const std::uint32_t* w =
            g.weights + static_cast<std::int64_t>(i) * v.shape.words * g.outputs;
        const ChipColumn* column = chip == nullptr ? nullptr : chip->columns + column_at + i;
        double volts = 0.0;
        for (int j = 0; j < v.cycles.count; ++j) {
            const std::int64_t s = cycle_sum(v, g, w, nullptr, j);
            const std::int64_t full = full_scale(v.rows, v.cycles.width[j]);
            const std::int64_t count = column_count(v.encoding, s, driven[j], full);
            if (chip != nullptr) {
                ChannelSums channel;
                channel.count = count;
                if (g.cells != nullptr) channel.mismatch = signed_mismatch(v, g, w, *column, i, j);
                channel.dac = dac_sum(v, g, w, *chip, *column, j);
                volts = channel_voltage(v.terms, *column, column_span(v.encoding, full), channel,
                                        volts);
            }
            if (v.weight_parallel) {
                shared_volts[j] += column_share(v.columns, i, volts);
                shared_sum[j] += column_share(v.columns, i, s);
            } else {
                convert(v, e, chip, column, i * v.cycles.count + j, s, driven[j], count, volts,
                        sums);
            }
        }
    }
    if (!v.weight_parallel) return;
    const auto span = static_cast<double>(parallel_span(v.weight_bits));
    for (int j = 0; j < v.cycles.count; ++j)
        convert(v, e, chip, chip->columns + column_at, j, shared_sum[j], 0, 0,
                shared_volts[j] / span, sums);
}

__global__ __launch_bounds__(threads) void general_conversions(const ConversionWork* works,
                                                               const std::uint32_t* bits,
                                                               ProductBuffers out) {
    const ConversionWork& work = works[blockIdx.y];
    const ConversionView& v = *work.view;
    const ConversionShape& shape = v.shape;
    for (std::int64_t i = thread_index(); i < elements_of(work); i += thread_count()) {
        Element e = element_at(work, i);
        const ChipView* chip = v.chips == nullptr ? nullptr : v.chips + e.conv_group;
        Sums sums;
        for (int group = 0; group < shape.groups; ++group) {
            e.place.group = static_cast<std::uint32_t>(group);
            add_row_group(v, e, row_group(work, e, group, bits), chip, sums);
        }
        const std::int64_t at = place_in(out, work, e);
        out.analog[at] = sums.analog;
        out.digital[at] = sums.digital;
    }
}

}  // namespace

void launch_general(const ConversionWork* works, std::uint32_t count, std::int64_t most,
                    const std::uint32_t* bits, const ProductBuffers& out, cudaStream_t stream) {
    launch("general conversions", general_conversions,
           {.blocks = blocks_for(most, threads, 1 << 14), .blocks_y = count, .threads = threads},
           stream, works, bits, out);
}

}  // namespace acim
