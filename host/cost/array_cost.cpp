// SPDX-License-Identifier: Apache-2.0
#include "host/cost/array_cost.hpp"

#include <algorithm>
#include <limits>

#include "host/cost/adc_cost.hpp"
#include "host/cost/array_shape.hpp"

namespace acim {

double round_time(const LayerSettings& settings, const Technology& technology) {
    const MacroParams& macro = settings.macro;
    const double conversion = adc_cost(macro.adc.bits, macro.rows, technology).time;
    if (macro.kind == MacroKind::aidac) {
        const AidacParams& a = macro.aidac;
        return technology.settle_time + a.blocks * (a.delay + a.full_scale_time) + conversion;
    }
    const double dac = macro.bits_per_cycle > 1 ? technology.dac_time : 0.0;
    const double sums = technology.settle_time + dac;
    const double conversions = array_shape(macro, settings.weight_bits).adc_turns * conversion;
    return technology.overlap ? std::max(sums, conversions) : sums + conversions;
}

double array_area(const LayerSettings& settings, const Technology& technology) {
    if (technology.cell_area == 0.0) return std::numeric_limits<double>::quiet_NaN();
    const MacroParams& macro = settings.macro;
    const ArrayShape shape = array_shape(macro, settings.weight_bits);
    const double dac = macro.bits_per_cycle > 1 ? technology.dac_area : 0.0;
    const double cells = static_cast<double>(shape.rows) * shape.columns * technology.cell_area;
    return cells + shape.rows * (technology.row_area + dac) +
           shape.columns * technology.column_area +
           shape.adcs * adc_cost(macro.adc.bits, macro.rows, technology).area +
           technology.fixed_area;
}

}  // namespace acim
