// SPDX-License-Identifier: Apache-2.0
#include "cuda/trial/aidac_layer.hpp"

#include <string>

#include "cuda/model/aidac/terms.hpp"
#include "cuda/model/aidac/time.hpp"
#include "cuda/trial/require.hpp"

namespace acim {
namespace {

using std::to_string;

void require_within(int value, int least, int most, const std::string& key,
                    const std::string& reason) {
    require(value >= least && value <= most, key + " is " + to_string(value) + ", but must be " +
                                                 to_string(least) + " to " + to_string(most) +
                                                 reason);
}

void check_structure(const LayerSettings& s) {
    const AidacParams& a = s.macro.aidac;
    const bool cells = a.topology == AidacTopology::grouped_cells;
    require(s.activation_bits <= aidac::operand_bits,
            "activation_bits is " + to_string(s.activation_bits) +
                ", but the rows of macro.aidac convert at most 8 bits; lower activation_bits");
    require_within(a.blocks, 1, 1024, "macro.aidac.blocks", "");
    require_within(a.block_rows, cells ? 128 : 1, 4096, "macro.aidac.block_rows",
                   cells ? ": the join takes 128 units of the top bit's column; take fewer blocks, "
                           "or topology: grouped_weight"
                         : "");
    require(a.blocks * a.block_rows <= max_aidac_rows,
            "macro.aidac.blocks times block_rows is " + to_string(a.blocks * a.block_rows) +
                ", but one conversion sums at most 32768 rows; lower one of them");
    require_within(a.outputs_per_array, 1, cells ? 32 : 4096, "macro.aidac.outputs_per_array",
                   cells ? ": the 256 columns of a row hold 32 outputs of 8 bits" : "");
    for (const double value : {a.row_parasitic, a.column_parasitic, a.join_parasitic, a.vtc_offset,
                               a.vtc_gain, a.jitter, a.full_scale_time, a.delay})
        require(value >= 0.0, "macro.aidac has a negative value " + short_number(value) +
                                  "; only vtc_inl_pct may be negative");
}

// A setting of the bit-sliced macro that would silently do nothing here.
void refuse(bool set, const std::string& setting, const std::string& reason) {
    require(!set, setting + ", but " + reason);
}

void check_conversion_keys(const MacroParams& m) {
    refuse(m.weight_encoding != WeightEncoding::twos_complement,
           "macro.weight_encoding is not twos_complement",
           "macro.aidac stores weights in offset binary and corrects them digitally; remove it");
    refuse(m.bits_per_cycle != 1, "macro.bits_per_cycle is " + to_string(m.bits_per_cycle),
           "macro.aidac converts all bits of an input at once; remove it");
    refuse(m.hybrid.levels != 0, "macro.hybrid.levels is " + to_string(m.hybrid.levels),
           "macro.aidac has no single-bit conversions that could be digital; remove it");
    refuse(m.voting.any(), "macro.voting.samples is " + to_string(m.voting.samples),
           "macro.aidac has no levels of bits to vote on; remove macro.voting");
    refuse(m.weight_parallel, "macro.weight_parallel is true",
           "macro.aidac joins all weight bits anyway; remove it");
    refuse(m.adc.range != AdcRange::full, "macro.adc.range is not full",
           "the TDC of macro.aidac spans the full time of all blocks; take range: full");
    refuse(m.noise.nonlinear.sigma != 0.0,
           "macro.noise.nonlinear.sigma is " + short_number(m.noise.nonlinear.sigma),
           "macro.aidac has no count of cells that it could depend on; remove it");
    refuse(m.noise.inject.active, "macro.noise.inject is set",
           "macro.aidac takes no constants in place of its noise; remove it");
    refuse(m.noise.random.sigma != 0.0 && m.noise.random.unit == NoiseUnit::volt,
           "macro.noise.random.unit is volt",
           "the TDC of macro.aidac measures time; take unit: lsb or percent_fs");
    refuse(m.adc_errors.any_static() || m.adc_errors.draws_fresh(), "macro.adc_errors is set",
           "the converters of macro.aidac err by vtc_offset_mV, vtc_gain_pct and vtc_inl_pct; "
           "remove macro.adc_errors");
    refuse(m.measured.table != nullptr, "macro.measured.file is set",
           "a measured error belongs to one bit column, which macro.aidac never converts; "
           "remove it");
    refuse(m.chip != nullptr, "macro.chip_file is set",
           "it describes columns of bits and their ADCs, which macro.aidac does not have; remove "
           "it");
}

void check_array_keys(const MacroParams& m) {
    refuse(m.current_domain.any(), "macro.current_domain is set",
           "macro.aidac works on charge; remove it");
    refuse(m.input_dac.any(), "macro.input_dac is set",
           m.aidac.topology == AidacTopology::grouped_cells
               ? "topology: grouped_cells converts inputs on the row's own capacitors; remove it"
               : "topology: grouped_weight drives its rows by ideal converters; remove it");
    refuse(m.cell.parasitic_ratio != 0.0 || m.cell.parasitic != 0.0 ||
               m.cell.parasitic_variation != 0.0,
           "macro.cell has c_par_ratio, c_par_fF or c_par_variation_pct",
           "macro.aidac has row_parasitic, column_parasitic and join_parasitic; take these");
    refuse(!m.cell.calibrated, "macro.cell.calibrated is false",
           "the full time of macro.aidac always follows the parasitic gain; remove it");
    refuse(m.switches.injection_offset_variation != 0.0 || m.switches.injection_curvature != 0.0,
           "macro.switch has injection_offset_variation_mV or injection_curvature",
           "macro.aidac has only injection_offset_mV and injection_gain; remove it");
    refuse(m.switches.settling_error != 0.0 && !m.switches.reset, "macro.switch.reset is false",
           "every phase of macro.aidac starts from discharged nodes; take reset: true");
}

// Physical terms need the values that they refer to.
void check_references(const MacroParams& m) {
    const CellParams& cell = m.cell;
    const bool needs_unit = cell.mismatch != 0.0 || cell.leakage != 0.0 || cell.temperature != 0.0;
    require(!needs_unit || cell.unit_capacitance > 0.0,
            "macro.cell has mismatch, leakage or temperature, but c_unit_fF is not given");
    const bool needs_volt = m.switches.injection_offset != 0.0 || cell.leakage != 0.0 ||
                            cell.temperature != 0.0 || m.aidac.vtc_offset != 0.0;
    require(!needs_volt || m.v_ref > 0.0,
            "injection_offset_mV, leakage_pA, temperature_K and vtc_offset_mV need macro.v_ref, "
            "which is not given");
    require(m.aidac.jitter == 0.0 || m.aidac.full_scale_time > 0.0,
            "macro.aidac.jitter_ps needs full_scale_time_ns, which is not given");
    constexpr double most = 0.1;  // beyond it a unit at -8 sigma would be negative
    const double unit = unit_mismatch(cell);
    require(unit >= 0.0 && unit <= most,
            "macro.cell.mismatch_pct_sqrt_fF gives a unit capacitor a sigma of " +
                short_number(100.0 * unit) + " %, but macro.aidac takes at most 10 %");
}

// The same bounds as for every macro: z*sigma is a product of integers.
void check_noise(const MacroParams& m) {
    constexpr double least = 1e-6, most = 32768.0;
    require(m.noise.random.sigma >= 0.0, "macro.noise must not have a negative sigma");
    for (const double sigma : {aidac_noise(m), aidac_reference_noise(m)})
        require(
            sigma == 0.0 || (sigma >= least && sigma <= most),
            "the fresh noise of macro.aidac must be 0 or have a sigma from 1e-6 to 32768 LSB of "
            "the TDC; this layer has " +
                short_number(sigma) + " LSB");
}

// One code of the TDC is worth blocks*block_rows*256*255/2^B products of 8 bits.
OutputScale code_value(const LayerPlan& plan) {
    const std::int64_t num = std::int64_t{plan.rows} * aidac::row_units * aidac::operand_top;
    const std::int64_t den = std::int64_t{1} << (plan.macro.adc.bits + aidac_operands(plan).shift);
    const std::int64_t g = greatest_common_divisor(num, den);
    OutputScale scale;
    scale.num = static_cast<double>(num / g);
    scale.den = static_cast<double>(den / g);
    return scale;
}

// The only cycle drives all bits of an input.
CycleLayout whole_input(int activation_bits, bool is_signed) {
    CycleLayout layout;
    layout.count = 1;
    layout.width[0] = activation_bits;
    layout.negative[0] = is_signed;
    return layout;
}

}  // namespace

AidacOperands aidac_operands(const LayerPlan& plan) {
    AidacOperands o;
    if (plan.cycles.negative[0]) o.input_offset = 1 << (plan.activation_bits - 1);
    if (plan.weight_bits > 1) o.weight_offset = 1 << (plan.weight_bits - 1);
    o.shift = 2 * aidac::operand_bits - plan.activation_bits - plan.weight_bits;
    return o;
}

double aidac_noise(const MacroParams& macro) {
    const RandomNoise& random = macro.noise.random;
    const double lsb_per_fs = aidac::tdc_scale(macro.adc.bits).lsb_per_fs;
    const double tdc =
        random.unit == NoiseUnit::percent_fs ? random.sigma / 100.0 * lsb_per_fs : random.sigma;
    return aidac::fresh_sigma(macro.aidac, macro.cell, macro.v_ref, macro.adc.bits, tdc);
}

double aidac_reference_noise(const MacroParams& macro) {
    if (macro.aidac.reference == AidacReference::calibrated) return 0.0;
    return aidac::mean_of_blocks(aidac::jitter_sigma(macro.aidac), macro.aidac.blocks,
                                 macro.adc.bits);
}

void plan_aidac(LayerPlan& plan, const LayerSettings& settings, const LayerShape& shape) {
    const MacroParams& m = settings.macro;
    check_structure(settings);
    check_conversion_keys(m);
    check_array_keys(m);
    check_references(m);
    check_noise(m);
    plan.macro = m;
    plan.cycles = whole_input(settings.activation_bits, shape.is_signed);
    plan.columns = {};  // one column per output: the join of its bit columns
    plan.columns.count = plan.columns.levels = 1;
    plan.depth = shape.depth;
    plan.rows = plan.group_rows = m.aidac.blocks * m.aidac.block_rows;
    plan.groups = (shape.depth + plan.rows - 1) / plan.rows;
    require(plan.groups < 1 << CounterWidths::group,
            "the layer needs more than 65535 row spans; raise macro.aidac.blocks");
    plan.conversions = {ConversionPlan{0, 0, true, true, 1, 1}};
    plan.converted = 1;
    plan.output = code_value(plan);
    plan.product_to_codes_num = static_cast<std::int64_t>(plan.output.den);
    plan.product_to_codes_den = static_cast<std::int64_t>(plan.output.num);
    const aidac::Terms terms = aidac::chain_terms(m.aidac, m.cell, m.switches, m.v_ref);
    plan.random = aidac_noise(m) != 0.0 || aidac_reference_noise(m) != 0.0;
    plan.per_chip = terms.any_static();
    const bool ideal = !plan.random && !plan.per_chip && !terms.any_fixed();
    if (settings.path == PathRequest::fixed)
        plan.path = SamplingPath::fixed;
    else
        plan.path = ideal ? SamplingPath::lut : SamplingPath::chip;
}

}  // namespace acim
