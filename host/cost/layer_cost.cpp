// SPDX-License-Identifier: Apache-2.0
#include "host/cost/layer_cost.hpp"

#include <cstddef>
#include <limits>
#include <vector>

#include "host/core/error.hpp"

namespace acim {
namespace {

double per_watt(double operations, double energy) {
    if (!(energy > 0.0)) return std::numeric_limits<double>::quiet_NaN();
    return operations / energy * 1e-12;
}

double count(std::uint64_t value) { return static_cast<double>(value); }

}  // namespace

double adc_conversion_energy(int bits, const Technology& technology) {
    ACIM_EXPECT(bits >= 1 && bits <= 30);
    const double levels_squared = static_cast<double>(std::uint64_t{1} << (2 * bits));
    const double capacitance = technology.adc_linear_capacitance * bits +
                               technology.adc_exponential_capacitance * levels_squared;
    return capacitance * technology.vdd * technology.vdd;
}

double Cost::tops_per_watt() const { return per_watt(operations, energy.total()); }

double Cost::bit_tops_per_watt() const { return per_watt(bit_operations, energy.total()); }

Cost layer_cost(const LayerWork& work, const LayerSettings& settings,
                const Technology& technology) {
    const double vdd_squared = technology.vdd * technology.vdd;
    Cost cost;
    if (settings.analog) {
        cost.energy.adc =
            count(work.conversions) * adc_conversion_energy(settings.macro.adc.bits, technology);
        const double columns_per_row = count(work.outputs / work.groups * work.columns);
        const double unit = settings.macro.cell.unit_capacitance;
        const double capacitance = unit > 0.0 ? unit : technology.cell_capacitance;
        const double cells = count(work.cell_operations) * technology.cell_activity * capacitance;
        const double lines = count(work.row_drives) * technology.row_activity * columns_per_row *
                             technology.row_capacitance_per_column;
        const double dacs = count(work.dac_bits) * technology.dac_capacitance;
        cost.energy.array = (cells + lines + dacs) * vdd_squared;
    }
    cost.energy.digital =
        count(work.conversions + work.digital_conversions) * technology.shift_add_energy +
        count(work.digital_bit_macs) * technology.digital_bit_mac_energy;
    cost.operations = 2.0 * count(work.macs);
    cost.bit_operations = cost.operations * settings.weight_bits * settings.activation_bits;
    return cost;
}

Cost network_cost(const QuantizedNetwork& network, std::span<const LayerSettings> settings,
                  const Technology& technology) {
    const std::vector<LayerWork> work = network_work(network, settings);
    Cost total;
    for (std::size_t i = 0; i < work.size(); ++i) {
        total.add(layer_cost(work[i], settings[i], technology));
    }
    return total;
}

}  // namespace acim
