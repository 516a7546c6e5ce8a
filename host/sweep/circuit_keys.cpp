// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "host/sweep/chip_file.hpp"
#include "host/sweep/key_tables.hpp"
#include "host/sweep/key_values.hpp"
#include "host/sweep/table_file.hpp"

namespace acim {
namespace {

using nlohmann::json;
using P = PointConfig;
using M = MacroParams;
using Current = CurrentDomainParams;
using Cell = CellParams;
using Switch = SwitchParams;
using Adc = AdcErrorParams;

constexpr std::string_view scopes = "fresh chip";

KeyInfo input_dac_table_key() {
    KeyInfo key{.path = "macro.input_dac.table", .type = KeyType::numbers, .scopes = everywhere};
    key.low = -512;
    key.high = 512;
    key.fallback = "[]";
    key.unit = "LSB of the DAC";
    key.help = "measured INL of every code from 0, the same for all row drivers";
    key.set = [](P& p, const json& v) { p.macro.input_dac.table = v.get<std::vector<double>>(); };
    key.get = [](const P& p) { return json(p.macro.input_dac.table); };
    return key;
}

// What a file counts as: its content, whatever its name; null for none.
json content(const auto& file) { return file ? json(file->hash) : json(); }

KeyInfo edge_table_key() {
    KeyInfo key{.path = "macro.adc_errors.table", .type = KeyType::edge_table};
    key.scopes = everywhere;
    key.fallback = "null";
    key.unit = "LSB";
    key.help = "measured INL of every code edge of one or more ADCs";
    key.set = [](P& p, const json& v) { p.macro.adc_errors.table = edge_table(v); };
    key.get = [](const P& p) { return content(p.macro.adc_errors.table); };
    return key;
}

KeyInfo error_table_key() {
    KeyInfo key{.path = "macro.measured.file", .type = KeyType::error_table};
    key.scopes = everywhere;
    key.fallback = "null";
    key.unit = "LSB";
    key.help = "measured mean and sigma of the error of a conversion at every sum";
    key.set = [](P& p, const json& v) { p.macro.measured.table = error_table(v); };
    key.get = [](const P& p) { return content(p.macro.measured.table); };
    return key;
}

KeyInfo chip_file_key() {
    KeyInfo key{.path = "macro.chip_file", .type = KeyType::chip_file};
    key.scopes = everywhere;
    key.fallback = "null";
    key.help =
        "measured static terms of one or more chips (HDF5), each in place of the one that would be "
        "drawn";
    key.set = [](P& p, const json& v) { p.macro.chip = chip_file(v); };
    key.get = [](const P& p) { return content(p.macro.chip); };
    return key;
}

bool has_leakage(const P& p) {
    return p.macro.cell.leakage != 0.0 || rule_sets(p, "macro.cell.leakage_pA");
}

bool has_settling(const P& p) {
    return p.macro.switches.settling_error != 0.0 || rule_sets(p, "macro.switch.settling_error");
}

bool has_measured(const P& p) {
    return p.macro.measured.table != nullptr || rule_sets(p, "macro.measured.file");
}

const auto table = std::to_array<KeyInfo>({
    real_key<KeyUnit::one, &M::current_domain, &Current::alpha>(
        "macro.current_domain.alpha", {0, 1}, "1/count",
        "compression of a current-domain column: v = s/(FS*(1 + alpha*s)) in place of the charge "
        "terms"),
    real_key<KeyUnit::percent, &M::current_domain, &Current::variation>(
        "macro.current_domain.variation_pct", {0, 12.5}, "%",
        "sigma of a cell's current, once per chip"),

    whole_key<&M::array, &ArrayParams::columns>(
        "macro.array.columns", {1, 65536}, "256", "columns",
        "columns of a physical array; a weight's columns stand side by side"),
    whole_key<&M::array, &ArrayParams::row_groups>("macro.array.row_groups", {1, 4096}, "1", "",
                                                   "row groups stacked in one array"),
    whole_key<&M::array, &ArrayParams::columns_per_adc>(
        "macro.array.columns_per_adc", {1, 65536}, "1", "columns", "columns that share an ADC"),
    whole_key<&M::array, &ArrayParams::count>(
        "macro.array.count", {0, 1e6}, "0", "arrays",
        "arrays that serve the whole network in turn; 0: every tile has one of its own"),
    real_key<KeyUnit::one, &M::v_ref>("macro.v_ref", {0, 100}, "V",
                                      "voltage of the full scale; 0: not given"),

    real_key<KeyUnit::femto, &M::cell, &Cell::unit_capacitance>(
        "macro.cell.c_unit_fF", {0, 1e9}, "fF", "capacitor of one cell; 0: not given"),
    real_key<KeyUnit::percent_root_femto, &M::cell, &Cell::mismatch>(
        "macro.cell.mismatch_pct_sqrt_fF", {0, 1e6}, "% sqrt(fF)",
        "Pelgrom coefficient: sigma of a cell is this by the root of c_unit_fF, once per chip"),
    real_key<KeyUnit::one, &M::cell, &Cell::parasitic_ratio>(
        "macro.cell.c_par_ratio", {0, 100}, "",
        "parasitic capacitance of a column by the sum of its cells"),
    real_key<KeyUnit::femto, &M::cell, &Cell::parasitic>(
        "macro.cell.c_par_fF", {0, 1e9}, "fF", "added to the parasitic capacitance of a column"),
    real_key<KeyUnit::percent, &M::cell, &Cell::parasitic_variation>(
        "macro.cell.c_par_variation_pct", {0, 10}, "%",
        "sigma of the parasitic capacitance between columns, once per chip"),
    boolean_key<&M::cell, &Cell::calibrated>("macro.cell.calibrated", "true",
                                             "the ADC's range follows the parasitic gain"),
    real_key<KeyUnit::pico, &M::cell, &Cell::leakage>("macro.cell.leakage_pA", {0, 1e9}, "pA",
                                                      "leakage of a cell (needs hold_ns)"),
    real_key<KeyUnit::nano, &M::cell, &Cell::hold_time>("macro.cell.hold_ns", {0, 1e9}, "ns",
                                                        "time for which it leaks", has_leakage),
    real_key<KeyUnit::one, &M::cell, &Cell::temperature>(
        "macro.cell.temperature_K", {0, 1000}, "K",
        "temperature of the kT/C noise, fresh in every conversion; 0: none"),

    real_key<KeyUnit::milli, &M::switches, &Switch::injection_offset>(
        "macro.switch.injection_offset_mV", {-1e5, 1e5}, "mV", "charge injection, constant part"),
    real_key<KeyUnit::milli, &M::switches, &Switch::injection_offset_variation>(
        "macro.switch.injection_offset_variation_mV", {0, 1e5}, "mV",
        "sigma of that part between columns, once per chip"),
    real_key<KeyUnit::one, &M::switches, &Switch::injection_gain>(
        "macro.switch.injection_gain", {-1, 1}, "", "charge injection, linear part (lost)"),
    real_key<KeyUnit::one, &M::switches, &Switch::injection_curvature>(
        "macro.switch.injection_curvature", {-1, 1}, "1/full scale",
        "charge injection, quadratic part"),
    real_key<KeyUnit::one, &M::switches, &Switch::settling_error>(
        "macro.switch.settling_error", {0, 1}, "",
        "part of the step from the last value that is still missing when the column is read"),
    boolean_key<&M::switches, &Switch::reset>(
        "macro.switch.reset", "true", "the column is reset before every cycle", has_settling),

    real_key<KeyUnit::one, &M::input_dac, &InputDacParams::inl>(
        "macro.input_dac.inl_lsb", {0, 256}, "LSB of the DAC",
        "sigma of the peak INL of a row driver (a parabola), once per chip; for cycles of 2 bits "
        "and more"),
    input_dac_table_key(),

    real_key<KeyUnit::one, &M::adc_errors, &Adc::offset>("macro.adc_errors.offset_lsb", {0, 16384},
                                                         "LSB",
                                                         "sigma of an ADC's offset, once per chip"),
    real_key<KeyUnit::milli, &M::adc_errors, &Adc::offset_volt>(
        "macro.adc_errors.offset_mV", {0, 1e5}, "mV",
        "the same as a voltage of the column, whatever the ADC's bits and range"),
    real_key<KeyUnit::percent, &M::adc_errors, &Adc::gain>(
        "macro.adc_errors.gain_pct", {0, 100}, "%", "sigma of an ADC's gain, once per chip"),
    real_key<KeyUnit::one, &M::adc_errors, &Adc::dnl>("macro.adc_errors.dnl_lsb", {0, 16384}, "LSB",
                                                      "sigma of a code's width, once per chip"),
    real_key<KeyUnit::milli, &M::adc_errors, &Adc::dnl_volt>(
        "macro.adc_errors.dnl_mV", {0, 1e5}, "mV",
        "the same as a voltage of the column: offsets of comparators, say"),
    real_key<KeyUnit::one, &M::adc_errors, &Adc::comparator>(
        "macro.adc_errors.comparator_lsb", {0, 16384}, "LSB",
        "noise at the ADC's input, fresh in every conversion"),
    real_key<KeyUnit::milli, &M::adc_errors, &Adc::comparator_volt>(
        "macro.adc_errors.comparator_mV", {0, 1e5}, "mV", "the same as a voltage of the column"),
    edge_table_key(),

    chip_file_key(),

    error_table_key(),
    choice_key<scopes, &M::measured, &MeasuredErrorParams::scope>(
        "macro.measured.scope", "\"fresh\"",
        "the sigma is drawn in every conversion, or once per ADC and chip", has_measured),
});

}  // namespace

std::span<const KeyInfo> circuit_keys() { return table; }

}  // namespace acim
