// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/rounding.hpp"

// From the charge on a column to the voltage that its ADC sees: the array terms of SPEC section 4.
// Voltages are in units of the full scale.
namespace acim {

inline constexpr double boltzmann = 1.380649e-23;  // [J/K]

// Fraction bits of the integer unit normal of a cell: d = q * s_u / 16, q = rne(16 z) in int8.
inline constexpr int mismatch_steps = 16;
// Steps of an input DAC's error: 2^-12 of its LSB.
inline constexpr int dac_steps = 4096;

// Constants of one layer's columns. A term that is 0 changes nothing, to the last bit.
struct ColumnTerms {
    double cells = 1.0;                // N
    double mismatch = 0.0;             // s_u / 16: relative deviation of a cell per step of q [1]
    double parasitic = 0.0;            // C_par / C_u [cells]
    double parasitic_variation = 0.0;  // sigma of it between columns [cells]
    double calibration = 1.0;          // 1 + r where the parasitic gain is calibrated out
    double injection_offset = 0.0;     // c0 [FS]
    double injection_variation = 0.0;  // sigma of c0 between columns [FS]
    double injection_gain = 0.0;       // c1 [1]
    double injection_curvature = 0.0;  // c2 [1/FS]
    double settling = 0.0;             // eps [1]
    double leakage = 0.0;              // [FS]
    double alpha = 0.0;                // current domain only [1/count]
    bool reset = true;
    bool current_domain = false;

    // Some term bends or shifts the transfer even where every cell is alike.
    ACIM_HD bool any_fixed() const {
        const bool uncalibrated = parasitic != 0.0 && calibration == 1.0;
        return uncalibrated || injection_offset != 0.0 || injection_gain != 0.0 ||
               injection_curvature != 0.0 || settling != 0.0 || leakage != 0.0 || alpha != 0.0;
    }
    // Some term differs between columns or remembers the last cycle.
    ACIM_HD bool any_static() const {
        return mismatch != 0.0 || parasitic_variation != 0.0 || injection_variation != 0.0 ||
               (settling != 0.0 && !reset);
    }
};

// Relative sigma of one unit capacitor (Pelgrom's law).
ACIM_HD inline double unit_mismatch(const CellParams& cell) {
    return cell.mismatch == 0.0 ? 0.0 : cell.mismatch / sqrt(cell.unit_capacitance);
}

// r = C_par / (N*C_u).
ACIM_HD inline double parasitic_ratio(const CellParams& cell, int rows) {
    const double fixed =
        cell.parasitic == 0.0 ? 0.0 : cell.parasitic / (rows * cell.unit_capacitance);
    return cell.parasitic_ratio + fixed;
}

// Factor of voltages that enter v: 1/V_ref, and 1 + r where the parasitic gain is calibrated out.
ACIM_HD inline double per_volt(const MacroParams& macro) {
    const double r = parasitic_ratio(macro.cell, macro.rows);
    return (macro.cell.calibrated ? 1.0 + r : 1.0) / macro.v_ref;
}

// sqrt(kT/(N*C_u*(1+r))) on the column [FS].
ACIM_HD inline double thermal_sigma(const MacroParams& macro) {
    const CellParams& cell = macro.cell;
    if (cell.temperature == 0.0) return 0.0;
    const double r = parasitic_ratio(cell, macro.rows);
    const double column = macro.rows * cell.unit_capacitance * (1.0 + r);
    return sqrt(boltzmann * cell.temperature / column) * per_volt(macro);
}

ACIM_HD inline ColumnTerms column_terms(const MacroParams& macro) {
    ColumnTerms t;
    t.cells = macro.rows;
    t.current_domain = macro.current_domain.any();
    if (t.current_domain) {
        t.alpha = macro.current_domain.alpha;
        t.mismatch = macro.current_domain.variation / mismatch_steps;
        return t;
    }
    const CellParams& cell = macro.cell;
    const SwitchParams& sw = macro.switches;
    const double r = parasitic_ratio(cell, macro.rows);
    t.mismatch = unit_mismatch(cell) / mismatch_steps;
    t.parasitic = r * macro.rows;
    t.parasitic_variation = cell.parasitic_variation * t.parasitic;
    t.calibration = cell.calibrated ? 1.0 + r : 1.0;
    if (sw.injection_offset != 0.0) t.injection_offset = sw.injection_offset * per_volt(macro);
    if (sw.injection_offset_variation != 0.0)
        t.injection_variation = sw.injection_offset_variation * per_volt(macro);
    t.injection_gain = sw.injection_gain;
    t.injection_curvature = sw.injection_curvature;
    t.settling = sw.settling_error;
    t.reset = sw.reset;
    if (cell.leakage != 0.0)
        t.leakage =
            cell.leakage * cell.hold_time / (cell.unit_capacitance * (1.0 + r)) * per_volt(macro);
    return t;
}

// What one count is worth on one column [FS/count]; `q_sum` is the sum of q over its N cells,
// `parasitic` its own C_par [cells] and `span` the counts of the full scale.
//   v = (1+r) * sum_r C_r w x / ((sum_r C_r + C_par) * (2^e - 1))
ACIM_HD inline double count_voltage(const ColumnTerms& t, double q_sum, double parasitic,
                                    std::int64_t span) {
    if (t.current_domain) return 1.0 / static_cast<double>(span);
    const double capacitance = t.cells + t.mismatch * q_sum + parasitic;
    return t.calibration * t.cells / (capacitance * static_cast<double>(span));
}

// Real-valued sum of a column: `count` exact, `mismatch_sum` = sum over rows of q*w*x, `dac_sum` the
// errors of the input DACs [2^-12 count].
ACIM_HD inline double real_count(const ColumnTerms& t, std::int64_t count,
                                 std::int64_t mismatch_sum, std::int64_t dac_sum) {
    return static_cast<double>(count) + t.mismatch * static_cast<double>(mismatch_sum) +
           static_cast<double>(dac_sum) / dac_steps;
}

// What all cells of an xnor column add to its mismatch sum, each half driven: the value E of cycles
// of `width` bits in E + x, E or E - x.
ACIM_HD inline std::int64_t half_drive_mismatch(double q_sum, int width) {
    return static_cast<std::int64_t>(q_sum) * ((1 << width) - 1);
}

// Error of an input DAC at value x of 0..top [2^-12 LSB]: a measured deviation plus a parabola
// 4*u*(1-u) whose peak is inl*z LSB, z = q/16 the driver's own.
ACIM_HD inline std::int32_t dac_error(double measured, double inl, int q, int x, int top) {
    const double u = static_cast<double>(x) / top;
    const double peak = inl * (static_cast<double>(q) / mismatch_steps);
    return static_cast<std::int32_t>(
        round_half_even((measured + peak * (4.0 * u * (1.0 - u))) * dac_steps));
}

// q = rne(16 z) of a unit normal z [2^-24], held in int8.
ACIM_HD inline std::int32_t mismatch_step(std::int32_t z) {
    const auto q = static_cast<std::int32_t>(divide_half_even(z, std::int64_t{1} << 20));
    return q < -127 ? -127 : q > 127 ? 127 : q;
}

// Voltage at the end of a cycle: share, injection, settling towards it from `previous` (the value
// that the last cycle left, 0 after a reset), leakage.
ACIM_HD inline double column_voltage(const ColumnTerms& t, double per_count, double injection,
                                     double count, double previous) {
    double v = count * per_count;
    if (t.current_domain) v = v / (1.0 + t.alpha * count);
    v = v + (injection - t.injection_gain * v + t.injection_curvature * v * v);
    v = v + t.settling * ((t.reset ? 0.0 : previous) - v);
    return v - t.leakage;
}

// What one column keeps.
struct ChipColumn {
    double q_sum = 0.0;         // sum of q over its N cells
    double parasitic = 0.0;     // C_par [cells]
    double injection = 0.0;     // c0 [FS]
    std::uint32_t adc = 0;      // index of its ADC
    std::uint32_t drivers = 0;  // index of the row drivers of its row group
};

// The integers that a column's voltage is made of in one cycle.
struct ChannelSums {
    std::int64_t count = 0;     // what the column counts
    std::int64_t mismatch = 0;  // sum over rows of q*w*x
    std::int64_t dac = 0;       // sum of the input DACs' errors [2^-12 count]
};

// Voltage of a column at the end of a cycle [FS] after `previous`, that of the cycle before; `span`
// are the counts of the full scale.
ACIM_HD inline double channel_voltage(const ColumnTerms& t, const ChipColumn& column,
                                      std::int64_t span, const ChannelSums& sums, double previous) {
    const double per_count = count_voltage(t, column.q_sum, column.parasitic, span);
    return column_voltage(t, per_count, column.injection,
                          real_count(t, sums.count, sums.mismatch, sums.dac), previous);
}

}  // namespace acim
