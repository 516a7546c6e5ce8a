// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/technology_check.hpp"

#include <fmt/format.h>

#include "host/core/error.hpp"

namespace acim {
namespace {

// What a model needs, and whether it is there.
struct Need {
    std::string_view model, keys;
    bool is_met = true;
};

Need need_of(const AdcTechnology& adc) {
    switch (adc.model) {
        case AdcModel::fit:
            break;
        case AdcModel::survey:
            return {"survey", "schreier_dB", adc.schreier > 0.0};
        case AdcModel::sar:
            return {"sar", "comparator_fJ or unit_fF",
                    adc.comparator_energy > 0.0 || adc.unit_capacitance > 0.0};
        case AdcModel::flash:
            return {"flash", "comparator_fJ", adc.comparator_energy > 0.0};
        case AdcModel::tdc:
            return {"tdc", "start_fJ or stage_fJ",
                    adc.start_energy > 0.0 || adc.stage_energy > 0.0};
        case AdcModel::measured:
            return {"measured", "energy_fJ", adc.energy > 0.0};
    }
    return {};
}

}  // namespace

void check_technology(const Technology& technology,
                      const std::function<std::string(std::string_view key)>& place) {
    if (technology.supply == 0.0)
        throw InputError(place("technology.supply_V") +
                         ": key 'technology.supply_V' is 0, so that capacitors would cost nothing. "
                         "Give the supply in volt.");
    const Need need = need_of(technology.adc);
    if (need.is_met) return;
    throw InputError(
        fmt::format("{}: key 'technology.adc.model' is {}, but the technology has no "
                    "technology.adc.{}. Give it, "
                    "or take model: fit.",
                    place("technology.adc.model"), need.model, need.keys));
}

}  // namespace acim
