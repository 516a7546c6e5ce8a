// SPDX-License-Identifier: Apache-2.0
#include "host/cost/array_cost.hpp"

#include <algorithm>
#include <limits>

#include "cuda/model/macro/array_place.hpp"
#include "host/cost/adc_cost.hpp"

namespace acim {
namespace {

bool is_aidac(const LayerSettings& settings) { return settings.macro.kind == MacroKind::aidac; }

}  // namespace

double round_time(const LayerSettings& settings, const Technology& technology) {
    const MacroParams& macro = settings.macro;
    const double conversion = adc_cost(macro.adc.bits, macro.rows, technology).time;
    if (is_aidac(settings)) {
        const AidacParams& a = macro.aidac;
        return technology.settle_time + a.blocks * (a.delay + a.full_scale_time) + conversion;
    }
    const double dac = macro.bits_per_cycle > 1 ? technology.dac_time : 0.0;
    const double sums = technology.settle_time + dac;
    const double conversions = macro.array.columns_per_adc * conversion;
    return technology.overlap ? std::max(sums, conversions) : sums + conversions;
}

double array_area(const LayerSettings& settings, const Technology& technology) {
    if (technology.cell_area == 0.0) return std::numeric_limits<double>::quiet_NaN();
    const MacroParams& macro = settings.macro;
    const ArrayParams& array = macro.array;
    const int columns =
        is_aidac(settings) ? macro.aidac.outputs_per_array * settings.weight_bits : array.columns;
    const int rows = is_aidac(settings) ? macro.aidac.blocks * macro.aidac.block_rows
                                        : macro.rows * array.row_groups;
    const int adcs = is_aidac(settings) ? macro.aidac.outputs_per_array : adcs_per_array(array);
    const double dac = macro.bits_per_cycle > 1 ? technology.dac_area : 0.0;
    const double cells = static_cast<double>(rows) * columns * technology.cell_area;
    return cells + rows * (technology.row_area + dac) + columns * technology.column_area +
           adcs * adc_cost(macro.adc.bits, macro.rows, technology).area + technology.fixed_area;
}

}  // namespace acim
