// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/adc_checks.hpp"

#include <algorithm>
#include <string>

#include "cuda/trial/measured_chip.hpp"
#include "cuda/trial/require.hpp"

namespace acim {

void check_adc_table(const LayerPlan& plan) {
    const AdcEdgeTable* table = plan.macro.adc_errors.table.get();
    if (table == nullptr) return;
    const int edges = (1 << plan.macro.adc.bits) - 1;
    require(table->edges == edges, "macro.adc_errors.table has " + std::to_string(table->edges) +
                                       " edges, but the ADC of this layer has " +
                                       std::to_string(edges) +
                                       "; give a table that fits macro.adc.bits");
}

void check_edges(const LayerPlan& plan, const LayerShape& shape) {
    constexpr double limit = 512.0 * (1 << 20);
    const bool own = plan.macro.adc_errors.draws_edges() || plan.macro.adc_errors.table ||
                     (plan.macro.chip && plan.macro.chip->adc_inl.any());
    if (!own) return;
    const double columns = static_cast<double>(plan.groups) * shape.outputs * plan.columns.count;
    const double bytes =
        columns / plan.macro.array.columns_per_adc * 4.0 * (1 << plan.macro.adc.bits);
    require(bytes <= limit,
            "the edges of this layer's ADCs would take " + short_number(bytes / (1 << 30)) +
                " GiB for a chip; lower macro.adc.bits, let columns share an ADC with "
                "macro.array.columns_per_adc, or leave the macro.adc_errors of the edges out");
}

void check_volts(const LayerPlan& plan) {
    const MacroParams& m = plan.macro;
    if (!plan.analog || !m.adc_errors.any_volt()) return;
    require(m.v_ref > 0.0, "errors of macro.adc_errors in mV need macro.v_ref");
    const auto lsb = [&](int j) {
        return cycle_scale(m, plan.weight_bits, plan.cycles.width[j]).lsb_per_fs;
    };
    for (int j = 1; j < plan.cycles.count; ++j)
        require(lsb(j) == lsb(0),
                "macro.adc.range: counts gives the cycles of this layer, of " +
                    std::to_string(plan.cycles.width[0]) + " and " +
                    std::to_string(plan.cycles.width[j]) +
                    " bits, steps of different voltages; give macro.adc_errors in LSB, or take "
                    "cycles of one width (macro.bits_per_cycle)");
    constexpr double most = 16384.0;  // codes of 14 bits
    const AdcErrorParams& e = m.adc_errors;
    const double volts = std::max({e.offset_volt, e.dnl_volt, e.comparator_volt});
    const double sigma = volts * per_volt(m) * lsb(0);
    require(sigma <= most, "an error of macro.adc_errors in mV is " + short_number(sigma) +
                               " LSB of this layer's ADC, more than all of its codes; lower it");
}

}  // namespace acim
