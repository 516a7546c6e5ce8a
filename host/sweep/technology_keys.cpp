// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <filesystem>

#include "host/sweep/key_tables.hpp"
#include "host/sweep/key_values.hpp"

namespace acim {
namespace {

using nlohmann::json;
using T = Technology;
using A = AdcTechnology;

constexpr std::string_view models = "fit survey sar flash tdc measured";

// A key that decides costs and no result, for all layers alike.
KeyInfo cost_key(KeyInfo key) {
    key.scopes = in_sweep | in_mac | on_axis;
    key.is_cost = true;
    return key;
}

template <KeyUnit unit, auto... members>
KeyInfo real(std::string_view path, KeyBounds bounds, std::string_view unit_text,
             std::string_view help) {
    return cost_key(real_key<unit, members...>(path, bounds, unit_text, help));
}

template <auto... members>
KeyInfo whole(std::string_view path, KeyBounds bounds, std::string_view fallback,
              std::string_view unit_text, std::string_view help) {
    return cost_key(whole_key<members...>(path, bounds, fallback, unit_text, help));
}

KeyInfo one_by_default(KeyInfo key) {
    key.fallback = "1.0";
    return key;
}

constexpr KeyUnit one = KeyUnit::one, femto = KeyUnit::femto, pico = KeyUnit::pico,
                  nano = KeyUnit::nano, micro = KeyUnit::micro;
constexpr KeyBounds most{0, 1e6};

const auto table = std::to_array<KeyInfo>({
    {.path = "technology.preset",
     .type = KeyType::text,
     .scopes = in_sweep | in_mac,
     .fallback = "\"cmos_28nm\"",
     .is_cost = true,
     .help = "name or file of the technology whose constants come first (docs/cost.md); keys that "
             "are written override them. No key of technology changes a trial",
     .set =
         [](PointConfig& p, const json& v) {
             p.technology_name = std::filesystem::path(v.get<std::string>()).stem().string();
         }},
    whole<&T::node>("technology.node_nm", {0, 1000}, "0", "nm", "for the record"),
    real<one, &T::supply>("technology.supply_V", {0, 10}, "V", "supply that everything runs from"),
    real<one, &T::reference_supply>(
        "technology.reference_V", {0, 10}, "V",
        "supply at which the energies below hold; they scale with the square of supply_V"),
    cost_key(choice_key<models, &T::adc, &A::model>(
        "technology.adc.model", "\"fit\"", "how the energy of a conversion follows from adc.bits")),
    real<femto, &T::adc, &A::linear_capacitance>("technology.adc.linear_fF", most, "fF",
                                                 "`fit`: per bit"),
    real<femto, &T::adc, &A::exponential_capacitance>("technology.adc.exponential_fF", most, "fF",
                                                      "`fit`: times 4^bits"),
    real<one, &T::adc, &A::schreier>("technology.adc.schreier_dB", {0, 300}, "dB",
                                     "`survey`: best figure of merit of slow converters"),
    real<one, &T::adc, &A::rolloff>(
        "technology.adc.rolloff_dB", {0, 1000}, "dB",
        "`survey`: the figure of fast ones is this less rolloff_slope_dB per factor of e in Hz"),
    real<one, &T::adc, &A::rolloff_slope>("technology.adc.rolloff_slope_dB", {0, 100}, "dB",
                                          "`survey`: see rolloff_dB"),
    real<femto, &T::adc, &A::comparator_energy>("technology.adc.comparator_fJ", most, "fJ",
                                                "`sar`, `flash`: a decision"),
    real<femto, &T::adc, &A::logic_energy>("technology.adc.logic_fJ", most, "fJ",
                                           "`sar`: per bit, beside the comparator"),
    real<femto, &T::adc, &A::unit_capacitance>("technology.adc.unit_fF", most, "fF",
                                               "`sar`: unit of the capacitive DAC"),
    real<femto, &T::adc, &A::start_energy>("technology.adc.start_fJ", most, "fJ",
                                           "`tdc`: of a conversion"),
    real<femto, &T::adc, &A::stage_energy>("technology.adc.stage_fJ", most, "fJ",
                                           "`tdc`: of each of 2^bits stages"),
    real<femto, &T::adc, &A::energy>("technology.adc.energy_fJ", most, "fJ",
                                     "`measured`: of a conversion of at_bits"),
    whole<&T::adc, &A::bits>("technology.adc.at_bits", {1, 14}, "8", "bit",
                             "`measured`: bits of energy_fJ; twice as much for each bit more"),
    real<nano, &T::adc, &A::time>("technology.adc.time_ns", most, "ns", "time of a conversion"),
    real<nano, &T::adc, &A::time_per_bit>("technology.adc.time_ns_per_bit", most, "ns",
                                          "added for each bit"),
    real<nano, &T::adc, &A::time_per_bit_and_row>("technology.adc.time_ns_per_bit_and_row", most,
                                                  "ns", "added for each bit and row of the column"),
    real<pico, &T::adc, &A::area>("technology.adc.area_um2", most, "um2",
                                  "area, times area_growth^bits"),
    one_by_default(real<one, &T::adc, &A::area_growth>("technology.adc.area_growth", {0.1, 10}, "",
                                                       "factor of the area for each bit")),

    real<femto, &T::cell_capacitance>("technology.cell.capacitance_fF", most, "fF",
                                      "of a cell where macro.cell.c_unit_fF is not given"),
    real<femto, &T::cell_energy>("technology.cell.energy_fJ", most, "fJ",
                                 "of an active cell, in place of its capacitor"),
    real<pico, &T::cell_area>("technology.cell.area_um2", most, "um2",
                              "of a cell; areas are unknown without it"),
    real<femto, &T::column_energy>("technology.column.energy_fJ", most, "fJ",
                                   "of a column and evaluation, whatever its data"),
    real<femto, &T::column_energy_per_row>("technology.column.energy_fJ_per_row", most, "fJ",
                                           "likewise, for each row, used or not"),
    real<pico, &T::column_area>("technology.column.area_um2", most, "um2",
                                "of a column's digital part"),
    real<femto, &T::row_capacitance>("technology.row.line_fF_per_column", most, "fF",
                                     "of an input line for each column that it crosses"),
    real<pico, &T::row_area>("technology.row.area_um2", most, "um2", "of a row's driver"),
    real<femto, &T::dac_capacitance>("technology.dac.capacitance_fF_per_bit", most, "fF",
                                     "of an input DAC, in cycles of two and more bits"),
    real<femto, &T::dac_energy>("technology.dac.energy_fJ", most, "fJ",
                                "of a drive, in cycles of two and more bits"),
    real<nano, &T::dac_time>("technology.dac.time_ns", most, "ns", "time of a drive"),
    real<pico, &T::dac_area>("technology.dac.area_um2", most, "um2", "of a row's DAC"),
    real<femto, &T::shift_add_energy>("technology.digital.shift_add_fJ", most, "fJ",
                                      "of a code or digital sum that is shifted and added"),
    real<femto, &T::vote_energy>("technology.digital.vote_fJ", most, "fJ",
                                 "of each vote after the first"),
    real<femto, &T::bit_mac_energy>("technology.digital.bit_mac_fJ", most, "fJ",
                                    "of a digital 1 x 1 bit multiply-accumulate"),
    real<one, &T::bit_macs_per_second>(
        "technology.digital.bit_macs_per_s", {0, 1e30}, "1/s",
        "digital 1 x 1 bit multiply-accumulates in a second; 0: digital layers take no time"),
    real<femto, &T::read_energy>("technology.memory.read_fJ_per_bit", most, "fJ",
                                 "of an input bit from its buffer"),
    real<femto, &T::write_energy>("technology.memory.write_fJ_per_bit", most, "fJ",
                                  "of an output bit to its buffer"),
    real<nano, &T::settle_time>("technology.array.settle_ns", most, "ns",
                                "of an evaluation, without its converters"),
    cost_key(boolean_key<&T::overlap>("technology.array.overlap", "false",
                                      "converters work while the array prepares the next sums")),
    real<pico, &T::control_energy>("technology.array.control_pJ", most, "pJ",
                                   "of an array per evaluation: clocks, timing"),
    real<micro, &T::fixed_area>("technology.array.area_mm2", most, "mm2",
                                "of an array beside cells, rows, columns and ADCs"),
    real<femto, &T::vtc_energy>("technology.aidac.vtc_fJ", most, "fJ",
                                "of a voltage-to-time conversion"),
    real<femto, &T::switch_capacitance>("technology.aidac.switch_fF", most, "fF",
                                        "switched per cell of one weight bit and product"),
});

}  // namespace

std::span<const KeyInfo> technology_keys() { return table; }

}  // namespace acim
