// SPDX-License-Identifier: Apache-2.0
#include "host/cost/adc_cost.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/model/digital/exp_log.hpp"
#include "cuda/model/digital/function.hpp"
#include "host/core/error.hpp"

namespace acim {
namespace {

// Schreier's figure of merit FOM = SNDR + 10 log10(rate / 2 / power), solved for the energy of a
// conversion, power / rate, with the SNDR of an ideal converter. No libm here: costs stand in
// results, which are the same bytes on every machine.
double survey_energy(const AdcTechnology& adc, int bits, double time) {
    const double sndr = 6.02 * bits + 1.76;
    double merit = adc.schreier;
    const bool has_rolloff = adc.rolloff > 0.0 && adc.rolloff_slope > 0.0;
    if (time > 0.0 && has_rolloff)
        merit = std::min(merit, adc.rolloff + adc.rolloff_slope * digital::natural_log(time));
    constexpr double ln10 = 2.302585092994046;
    return 0.5 * digital::exponential((sndr - merit) / 10.0 * ln10);
}

double conversion_energy(int bits, double time, const Technology& technology) {
    const AdcTechnology& adc = technology.adc;
    const double squared = technology.supply * technology.supply;
    const double codes = std::ldexp(1.0, bits);
    switch (adc.model) {
        case AdcModel::fit:
            return (adc.linear_capacitance * bits + adc.exponential_capacitance * codes * codes) *
                   squared;
        case AdcModel::survey:
            return survey_energy(adc, bits, time);
        case AdcModel::sar:
            return bits * (adc.comparator_energy + adc.logic_energy) * supply_factor(technology) +
                   codes * adc.unit_capacitance * squared;
        case AdcModel::flash:
            return (codes - 1.0) * adc.comparator_energy * supply_factor(technology);
        case AdcModel::tdc:
            return (adc.start_energy + codes * adc.stage_energy) * supply_factor(technology);
        case AdcModel::measured:
            return adc.energy * std::ldexp(1.0, bits - adc.bits) * supply_factor(technology);
    }
    return 0.0;
}

}  // namespace

double supply_factor(const Technology& technology) {
    if (technology.reference_supply == 0.0) return 1.0;
    const double ratio = technology.supply / technology.reference_supply;
    return ratio * ratio;
}

double charge_energy(const MacroParams& macro, const Technology& technology) {
    const double unit = macro.cell.unit_capacitance;
    const double capacitance = unit > 0.0 ? unit : technology.cell_capacitance;
    const double volt = macro.v_ref > 0.0 ? macro.v_ref : technology.supply;
    return capacitance * volt * volt;
}

AdcCost adc_cost(int bits, int rows, const Technology& technology) {
    ACIM_EXPECT(bits >= 1 && bits <= 30);
    const AdcTechnology& adc = technology.adc;
    AdcCost cost;
    cost.time = adc.time + bits * (adc.time_per_bit + rows * adc.time_per_bit_and_row);
    cost.energy = conversion_energy(bits, cost.time, technology);
    cost.area = adc.area;
    for (int b = 0; b < bits; ++b) cost.area *= adc.area_growth;
    return cost;
}

}  // namespace acim
