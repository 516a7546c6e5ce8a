// SPDX-License-Identifier: Apache-2.0
#include "host/cost/array_cost.hpp"

#include <algorithm>
#include <limits>

#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/encoding.hpp"
#include "host/cost/adc_cost.hpp"

namespace acim {
namespace {

bool is_aidac(const LayerSettings& settings) { return settings.macro.kind == MacroKind::aidac; }

int output_columns(const LayerSettings& settings) {
    return column_layout(settings.macro.weight_encoding, settings.weight_bits).count;
}

// Conversions that an ADC makes one after the other in an evaluation; a weight-parallel one joins the
// columns of an output.
int adc_turns(const LayerSettings& settings) {
    const int columns = settings.macro.array.columns_per_adc;
    if (!settings.macro.weight_parallel) return columns;
    const int joined = output_columns(settings);
    return (columns + joined - 1) / joined;
}

// Of an array: one for every columns_per_adc, but no more than there are conversions at a time.
int adc_count(const LayerSettings& settings) {
    const MacroParams& macro = settings.macro;
    if (is_aidac(settings)) return macro.aidac.outputs_per_array;
    const int adcs = adcs_per_array(macro.array);
    if (!macro.weight_parallel) return adcs;
    return std::min(adcs, std::max(outputs_per_array(macro.array, output_columns(settings)), 1));
}

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
    const double conversions = adc_turns(settings) * conversion;
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
    const double dac = macro.bits_per_cycle > 1 ? technology.dac_area : 0.0;
    const double cells = static_cast<double>(rows) * columns * technology.cell_area;
    return cells + rows * (technology.row_area + dac) + columns * technology.column_area +
           adc_count(settings) * adc_cost(macro.adc.bits, macro.rows, technology).area +
           technology.fixed_area;
}

}  // namespace acim
