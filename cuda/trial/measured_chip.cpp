// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/measured_chip.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "cuda/model/macro/array_place.hpp"
#include "cuda/model/macro/rounding.hpp"
#include "cuda/model/macro/transfer.hpp"
#include "cuda/trial/chip_layer.hpp"
#include "cuda/trial/require.hpp"

namespace acim {
namespace {

constexpr int most_steps = 127;  // int8, the same to both sides

void require(bool condition, const MeasuredChip& chip, const std::string& message) {
    acim::require(condition,
                  "macro.chip_file" + (chip.file.empty() ? "" : " " + chip.file) + ": " + message);
}

template <class T>
void require_lines(const MeasuredChip& chip, const MeasuredTerm<T>& term,
                   const std::string& dataset, const std::string& what, std::int64_t needed,
                   const std::string& advice) {
    require(!term.any() || term.lines >= needed, chip,
            "its dataset " + dataset + " has " + std::to_string(term.lines) + " " + what +
                ", but an array of this layer has " + std::to_string(needed) + "; " + advice);
}

void check_terms(const LayerPlan& plan, const MeasuredChip& chip) {
    const MacroParams& m = plan.macro;
    const bool charge_terms = chip.parasitic.any() || chip.injection.any();
    require(!m.current_domain.any() || !charge_terms, chip,
            "macro.current_domain stands in place of the charge terms, which its datasets c_par_fF "
            "and injection_mV are; leave them out");
    require(!chip.adc_inl.any() || !m.weight_parallel, chip,
            "macro.weight_parallel has signed codes, but its dataset adc_inl_lsb lists those from "
            "0; leave it out");
    require(!chip.parasitic.any() || m.cell.unit_capacitance > 0.0, chip,
            "its dataset c_par_fF needs macro.cell.c_unit_fF, which is not given");
    require(!chip.injection.any() || m.v_ref > 0.0, chip,
            "its dataset injection_mV needs macro.v_ref, which is not given");
}

}  // namespace

SteppedValues in_steps(std::span<const double> values) {
    double largest = 0.0;
    for (const double value : values) largest = std::max(largest, std::fabs(value));
    SteppedValues out;
    out.step = largest / most_steps;
    out.q.reserve(values.size());
    for (const double value : values) {
        const double q = out.step == 0.0 ? 0.0 : value / out.step;
        out.q.push_back(static_cast<std::int8_t>(
            std::clamp<std::int64_t>(round_half_even(q), -most_steps, most_steps)));
    }
    return out;
}

MacroParams with_measured_chip(MacroParams macro) {
    if (!macro.chip) return macro;
    if (macro.chip->parasitic.any()) macro.cell.parasitic = macro.chip->mean_parasitic;
    // A driver's peak is inl*q/16.
    if (macro.chip->drivers.any()) macro.input_dac.inl = mismatch_steps * macro.chip->driver_step;
    return macro;
}

void check_measured_chip(const LayerPlan& plan) {
    if (!plan.macro.chip) return;
    const MeasuredChip& chip = *plan.macro.chip;
    const ArrayParams& array = plan.macro.array;
    check_terms(plan, chip);
    const std::int64_t rows = std::int64_t{array.row_groups} * plan.rows;
    const std::int64_t adcs = adcs_per_array(array);
    const std::string fewer_rows = "measure more, or lower macro.rows or macro.array.row_groups";
    const std::string fewer_columns = "measure more, or lower macro.array.columns";
    const std::string fewer_adcs =
        "measure more, or give macro.array.columns and columns_per_adc of the measured array";
    require_lines(chip, chip.cells, "cell_mismatch", "rows", rows, fewer_rows);
    require(!chip.cells.any() || chip.cells.width >= array.columns, chip,
            "its dataset cell_mismatch has " + std::to_string(chip.cells.width) +
                " columns, but an array of this layer has " + std::to_string(array.columns) + "; " +
                fewer_columns);
    require_lines(chip, chip.drivers, "input_dac_inl_lsb", "rows", rows, fewer_rows);
    require_lines(chip, chip.injection, "injection_mV", "columns", array.columns, fewer_columns);
    require_lines(chip, chip.parasitic, "c_par_fF", "columns", array.columns, fewer_columns);
    require_lines(chip, chip.adc_offset, "adc_offset_lsb", "ADCs", adcs, fewer_adcs);
    require_lines(chip, chip.adc_gain, "adc_gain_pct", "ADCs", adcs, fewer_adcs);
    require_lines(chip, chip.adc_inl, "adc_inl_lsb", "ADCs", adcs, fewer_adcs);
    const int edges = adc_edges(plan);
    require(!chip.adc_inl.any() || chip.adc_inl.width == edges, chip,
            "its dataset adc_inl_lsb has " + std::to_string(chip.adc_inl.width) +
                " edges, but the ADC of this layer has " + std::to_string(edges) +
                "; take the macro.adc.bits of the measured ADC");
}

}  // namespace acim
