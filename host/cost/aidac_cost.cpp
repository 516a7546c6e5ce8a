// SPDX-License-Identifier: Apache-2.0
#include "host/cost/aidac_cost.hpp"

#include "host/cost/adc_cost.hpp"

namespace acim {

Energy aidac_energy(const LayerWork& work, const LayerActivity& activity,
                    const LayerSettings& settings, const Technology& technology) {
    const MacroParams& macro = settings.macro;
    const AidacParams& aidac = macro.aidac;
    const double squared = technology.supply * technology.supply;
    const double factor = supply_factor(technology);
    const double across = work.across();
    const auto products = static_cast<double>(work.pixels * work.row_groups * work.groups);
    const auto sums = static_cast<double>(work.conversions);
    const double rows = static_cast<double>(aidac.blocks) * aidac.block_rows;
    Energy energy;
    energy.cells = across * charge_energy(macro, technology) * (1.0 + aidac.row_parasitic) *
                       activity.input_sum +
                   sums * rows * settings.weight_bits * technology.switch_capacitance * squared;
    const double line_columns = static_cast<double>(aidac.outputs_per_array) * settings.weight_bits;
    energy.drivers =
        activity.input_ones * across * line_columns * technology.row_capacitance * squared;
    // The reference column is converted once for each product.
    const double codes = sums + products;
    energy.adc = sums * aidac.blocks * technology.vtc_energy * factor +
                 codes * adc_cost(macro.adc.bits, macro.rows, technology).energy;
    return energy;
}

}  // namespace acim
