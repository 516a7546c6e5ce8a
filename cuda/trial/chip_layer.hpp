// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/model/macro/adc_channel.hpp"
#include "cuda/model/macro/array_place.hpp"
#include "cuda/trial/layer_plan.hpp"
#include "cuda/trial/product_kernel.hpp"

namespace acim {

// Everything static of one product on one chip: its columns, their cells, ADCs and row drivers.
// Drawn once from the chip's key and the physical place, or read there from the macro's measured
// chips, so that whatever shares a place shares it.
class ChipLayer {
public:
    using Column = ChipColumn;

    // With cells left out the columns' q_sum is 0 and cells() is empty: for an engine that draws them
    // where it needs them.
    enum class Cells { drawn, left_out };
    ChipLayer(const LayerPlan& plan, int outputs, const ProductSite& site,
              Cells cells = Cells::drawn);

    const Column& column(int group, int output, int i) const {
        return columns_[index(group, output, i)];
    }
    // Integer deviations q of the column's N cells; empty without mismatch.
    std::span<const std::int8_t> cells(int group, int output, int i) const {
        if (cells_.empty()) return {};
        return std::span(cells_).subspan(index(group, output, i) * rows_, rows_);
    }
    const AdcChannel& adc(std::uint32_t index) const { return adcs_[index]; }
    // Unit normal of an ADC's measured error; 0 where none is drawn per chip.
    double measured(std::uint32_t adc) const { return measured_.empty() ? 0.0 : measured_[adc]; }
    std::size_t adcs() const { return adcs_.size(); }
    // Integer normals q of N row drivers; empty without input DACs of their own.
    std::span<const std::int8_t> drivers(std::uint32_t index) const {
        if (drivers_.empty()) return {};
        return std::span(drivers_).subspan(std::size_t{index} * rows_, rows_);
    }
    // Error of an input DAC at value x in cycles of `width` bits, for a driver with the normal q
    // [2^-12 count]; 0 in cycles of one bit.
    std::int32_t dac_error(int width, int q, int x) const {
        const std::vector<std::int32_t>& table = dac_[static_cast<std::size_t>(width)];
        if (table.empty()) return 0;
        const int line = drivers_.empty() ? 0 : q + 127;
        return table[(static_cast<std::size_t>(line) << width) + static_cast<std::size_t>(x)];
    }
    // All of dac_error() in cycles of `width` bits, [q + 127 or none][x]; empty without errors.
    std::span<const std::int32_t> dac_table(int width) const {
        return dac_[static_cast<std::size_t>(width)];
    }

private:
    struct Builder;
    std::size_t index(int group, int output, int i) const {
        return (static_cast<std::size_t>(group) * outputs_ + output) * count_ + i;
    }

    std::size_t outputs_ = 0, count_ = 0, rows_ = 0;
    std::vector<Column> columns_;     // [groups][outputs][columns]
    std::vector<std::int8_t> cells_;  // [groups][outputs][columns][N]
    std::vector<AdcChannel> adcs_;
    std::vector<std::vector<std::int32_t>> edges_;  // of adcs_, where they are not ideal
    std::vector<double> measured_;                  // [adcs]
    std::vector<std::int8_t> drivers_;              // [driver sets][N]
    std::array<std::vector<std::int32_t>, max_activation_bits + 1> dac_;  // [width][q][x]
};

// Voltage of a column at the end of a cycle [FS] after `previous`, that of the cycle before.
double channel_voltage(const LayerPlan& plan, const ChipLayer::Column& column, int cycle,
                       const ChannelSums& sums, double previous);

// Where an ADC sees that voltage in a cycle of that law, measured errors at `count` included
// [2^-16 LSB]; `count` is 0 for weight-parallel conversion.
std::int64_t conversion_position(const CycleLawView& law, const ChipLayer& chip, std::uint32_t adc,
                                 double v, std::int64_t count);

// Edges of a physical ADC.
int adc_edges(const LayerPlan& plan);

}  // namespace acim
