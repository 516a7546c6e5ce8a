// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace acim {

// How the energy of an ADC follows from its bits B (docs/cost.md has each formula and its source).
enum class AdcModel : std::uint8_t {
    fit,      // (linear * B + exponential * 4^B) * V^2
    survey,   // from the best Schreier figure of merit at that rate
    sar,      // B decisions, and 2^B unit capacitors that switch once
    flash,    // 2^B - 1 comparators
    tdc,      // a start, and 2^B stages of a delay line
    measured  // one known energy at one known B; others by Walden's rule, twice per bit
};

// A converter of one column. Energies hold at the reference supply, capacitors at any.
struct AdcTechnology {
    AdcModel model = AdcModel::fit;
    double linear_capacitance = 0.0;       // [F] per bit
    double exponential_capacitance = 0.0;  // [F] times 4^B
    double schreier = 0.0;                 // best figure of merit of slow converters [dB]
    double rolloff = 0.0;                  // of fast ones: rolloff - slope * ln(rate / Hz) [dB]
    double rolloff_slope = 0.0;            // [dB] per factor of e in rate
    double comparator_energy = 0.0;        // [J] per decision
    double logic_energy = 0.0;             // [J] per bit of a SAR
    double unit_capacitance = 0.0;         // [F] of a SAR's capacitive DAC
    double start_energy = 0.0;             // [J] of a TDC
    double stage_energy = 0.0;             // [J] of a TDC's stage
    double energy = 0.0;                   // [J] measured, of `bits` bits
    int bits = 8;
    double time = 0.0;                  // [s] per conversion
    double time_per_bit = 0.0;          // [s]
    double time_per_bit_and_row = 0.0;  // [s] of the column that is converted
    double area = 0.0;                  // [m2] times area_growth^B
    double area_growth = 1.0;

    friend bool operator==(const AdcTechnology&, const AdcTechnology&) = default;
};

// The constants of energy, latency and area, SI units. A technology file names the source of each
// (data/technology). What is 0 costs nothing; without an area of the cell, areas are unknown.
struct Technology {
    int node = 0;                   // [nm], for the record
    double supply = 0.0;            // [V]
    double reference_supply = 0.0;  // [V] at which the energies below hold; 0: at any
    AdcTechnology adc;

    double cell_capacitance = 0.0;       // [F] where macro.cell.c_unit_fF is not given
    double cell_energy = 0.0;            // [J] of an active cell, in place of its capacitor
    double cell_area = 0.0;              // [m2]
    double column_energy = 0.0;          // [J] of a column and evaluation, whatever its data
    double column_energy_per_row = 0.0;  // [J] likewise, for each row of the array, used or not
    double column_area = 0.0;            // [m2]
    double row_capacitance = 0.0;        // [F] of an input line for each column that it crosses
    double row_area = 0.0;               // [m2] of a row's driver
    double dac_capacitance = 0.0;        // [F] per bit of an input DAC
    double dac_energy = 0.0;             // [J] per drive of an input DAC
    double dac_time = 0.0;               // [s]
    double dac_area = 0.0;               // [m2] per row
    double shift_add_energy = 0.0;       // [J] of one code or digital sum
    double vote_energy = 0.0;            // [J] of each vote after the first
    double bit_mac_energy = 0.0;         // [J] of a digital 1 x 1 bit multiply-accumulate
    double bit_macs_per_second = 0.0;    // of digital layers; 0: they take no time
    double read_energy = 0.0;            // [J] per input bit from a buffer
    double write_energy = 0.0;           // [J] per output bit to a buffer
    double settle_time = 0.0;            // [s] of an array per evaluation, without its converters
    bool overlap = false;                // converters work while the array prepares the next sums
    double control_energy = 0.0;         // [J] of an array per evaluation: clocks, timing
    double fixed_area = 0.0;             // [m2] of an array beside cells, rows, columns and ADCs

    double vtc_energy = 0.0;          // AiDAC: [J] of a voltage-to-time conversion
    double switch_capacitance = 0.0;  // AiDAC: [F] switched per cell of one weight bit

    friend bool operator==(const Technology&, const Technology&) = default;
};

}  // namespace acim
