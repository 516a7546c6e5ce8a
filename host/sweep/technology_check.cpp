// SPDX-License-Identifier: Apache-2.0
#include "host/sweep/technology_check.hpp"

#include <string_view>

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

void check_technology(const Technology& technology, const PlaceOf& place_of) {
    constexpr double least_supply = 0.05;  // [V]
    if (technology.supply < least_supply)
        throw InputError(fmt::format(
            "{}: key 'technology.supply_V' is {}, so that capacitors would cost nothing. Give the "
            "supply, {} V or more.",
            place_of("technology.supply_V"), technology.supply, least_supply));
    if (technology.bit_mac_energy == 0.0 || technology.bit_macs_per_second == 0.0)
        throw InputError(fmt::format(
            "{}: the technology lacks technology.digital.{}, so that digital layers and hybrid "
            "levels would be free of charge. Give it.",
            place_of("technology.digital.bit_mac_fJ"),
            technology.bit_mac_energy == 0.0 ? "bit_mac_fJ" : "bit_macs_per_s"));
    const Need need = need_of(technology.adc);
    if (need.is_met) return;
    throw InputError(fmt::format(
        "{}: key 'technology.adc.model' is {}, but the technology has no technology.adc.{}. Give "
        "it, or take model: fit.",
        place_of("technology.adc.model"), need.model, need.keys));
}

}  // namespace acim
