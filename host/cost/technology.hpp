// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace acim {

// Constants of the energy model, SI units. Each default names its source or is assumed; the same
// list stands in docs/cost.md. Nominal 28 nm at 0.9 V unless said otherwise.
struct Technology {
    // [V] Assumed nominal supply of 28 nm; ADC, array and drivers run from it.
    double vdd = 0.9;

    // ADC energy = (linear * B + exponential * 4^B) * vdd^2: the fit of ZigZag-IMC
    // (github.com/KULeuven-MICAS/zigzag, AimcArray.get_adc_cost: 100 fF and 0.001 fF).
    double adc_linear_capacitance = 100e-15;     // [F] per bit
    double adc_exponential_capacitance = 1e-18;  // [F] times 4^bits

    // Input DAC energy = coefficient * bits * vdd^2 for cycles of two and more bits (ZigZag-IMC,
    // AimcArray.get_dac_cost: 50 fF); a one-bit cycle needs no DAC.
    double dac_capacitance = 50e-15;  // [F] per bit

    // [F] Cell capacitor of a charge-domain column where macro.cell.c_unit_fF is not given (assumed, as CiMLoop's model of Jia JSSC 2020).
    double cell_capacitance = 2e-15;

    // [1] Share of cells charged in one conversion: weight bit 1 and input bit 1, each with
    // probability 1/2 (assumed; measured activity replaces it when trials report it).
    double cell_activity = 0.25;

    // [F] Input line per column it crosses (assumed: 64 fF for 256 columns).
    double row_capacitance_per_column = 0.25e-15;

    // [1] Probability that an input line is charged in a cycle (assumed).
    double row_activity = 0.5;

    // [J] Digital shift and add of one ADC code: a 32-bit integer addition at 45 nm, 0.9 V
    // (Horowitz, ISSCC 2014, figure 1.1.9).
    double shift_add_energy = 0.1e-12;

    // [J] One-bit by one-bit multiply-accumulate of digital layers and hybrid conversions: an
    // 8 x 8 bit MAC at 45 nm, 0.9 V (multiplication 0.2 pJ + addition 0.1 pJ, Horowitz) over 64.
    double digital_bit_mac_energy = 0.3e-12 / 64;
};

inline Technology default_technology() { return {}; }

// Energy of one conversion of a `bits` bit ADC [J].
double adc_conversion_energy(int bits, const Technology& technology);

}  // namespace acim
