// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/model/aidac/params.hpp"
#include "cuda/model/host_device.hpp"
#include "cuda/model/macro/params.hpp"
#include "cuda/model/macro/transfer.hpp"

// The all-analog chain of AiDAC (SPEC section 5): operands of 8 bits meet as capacitors, voltages
// of blocks become times, times add, one TDC converts the sum. Voltages are in units of the full
// scale G*V_ref of a block.
namespace acim::aidac {

inline constexpr int operand_bits = 8;
inline constexpr int operand_top = 255;
inline constexpr int row_units = 256;     // a dummy and groups of 1, 2 .. 128: V_x = V_ref*x/256
inline constexpr int join_units = 255;    // 1 unit of the LSB's column .. 128 of the MSB's
inline constexpr int operand_steps = 64;  // fraction of effective operands, so that they fit int16

// Constants of one layer's chain. A term that is 0 changes nothing, to the last bit.
struct Terms {
    AidacTopology topology = AidacTopology::grouped_cells;
    int rows = 128;                 // K of a block
    int blocks = 8;                 // N_blk
    double mismatch = 0.0;          // s_u/16: relative deviation of a unit per step of q [1]
    double row_parasitic = 0.0;     // r1 [1]
    double column_parasitic = 0.0;  // r3 [1]
    double join_parasitic = 0.0;    // r4 [1]
    double full_scale = 1.0;        // sum of effective products of a block at full scale
    double injection_offset = 0.0;  // c0 [FS]
    double injection_gain = 0.0;    // c1 [1]
    double settling = 0.0;          // eps [1]
    double leakage = 0.0;           // [FS]
    double vtc_offset = 0.0;        // sigma [FS]
    double vtc_gain = 0.0;          // sigma [1]
    double vtc_inl = 0.0;           // peak [FS]

    // Some term bends or shifts the transfer of every chip alike.
    ACIM_HD bool any_fixed() const {
        return injection_offset != 0.0 || injection_gain != 0.0 || settling != 0.0 ||
               leakage != 0.0 || vtc_inl != 0.0;
    }
    // Some term differs between chips.
    ACIM_HD bool any_static() const {
        return mismatch != 0.0 || vtc_offset != 0.0 || vtc_gain != 0.0;
    }
};

// 1/G: what parasitics take from the swing, and what errors behind them grow by. With grouped
// weights the inputs come from DACs and nothing is joined, so only the column's share is left.
ACIM_HD inline double swing_loss(const AidacParams& p) {
    if (p.topology == AidacTopology::grouped_weight) return 1.0 + p.column_parasitic;
    return (1.0 + p.row_parasitic) * (1.0 + p.column_parasitic) * (1.0 + p.join_parasitic);
}

// Sum over a block's rows of effective input times effective weight at full scale. The input's
// 256 units against its top code 255 are SPEC's y* = sum x*w / (N_blk*K*256*255).
ACIM_HD inline double block_full_scale(int rows) {
    return static_cast<double>(operand_steps) * operand_steps * rows * row_units * operand_top;
}

ACIM_HD inline Terms chain_terms(const AidacParams& p, const CellParams& cell,
                                 const SwitchParams& switches, double v_ref) {
    Terms t;
    t.topology = p.topology;
    t.rows = p.block_rows;
    t.blocks = p.blocks;
    t.mismatch = unit_mismatch(cell) / mismatch_steps;
    t.row_parasitic = p.row_parasitic;
    t.column_parasitic = p.column_parasitic;
    t.join_parasitic = p.join_parasitic;
    t.full_scale = block_full_scale(p.block_rows);
    if (switches.injection_offset != 0.0) t.injection_offset = switches.injection_offset / v_ref;
    t.injection_gain = switches.injection_gain;
    t.settling = switches.settling_error;
    if (cell.leakage != 0.0)
        t.leakage = cell.leakage * cell.hold_time / (cell.unit_capacitance * v_ref);
    if (p.vtc_offset != 0.0) t.vtc_offset = p.vtc_offset * swing_loss(p) / v_ref;
    t.vtc_gain = p.vtc_gain;
    t.vtc_inl = p.vtc_inl;
    return t;
}

// kT/C of one block [FS]: the phases of a chain of shares collapse to sqrt(kT/C) of the units that
// end on one node, 255 after the join, or all of the column where weights are grouped. The noise of
// V_x, common to a row, averages over the rows and is left out.
ACIM_HD inline double block_thermal_sigma(const AidacParams& p, const CellParams& cell,
                                          double v_ref) {
    if (cell.temperature == 0.0) return 0.0;
    const double units = p.topology == AidacTopology::grouped_weight
                             ? static_cast<double>(join_units) * p.block_rows
                             : static_cast<double>(join_units);
    const double node = units * cell.unit_capacitance;
    return sqrt(boltzmann * cell.temperature / node) * swing_loss(p) / v_ref;
}

// Jitter of one stage in units of its full time.
ACIM_HD inline double jitter_sigma(const AidacParams& p) {
    return p.jitter == 0.0 ? 0.0 : p.jitter / p.full_scale_time;
}

// Independent noise of N_blk stages in the mean of their times, in LSB of the TDC. VTC gain and INL
// act on it too, by less than a percent of itself; that is left out.
ACIM_HD inline double mean_of_blocks(double sigma, int blocks, int tdc_bits) {
    return sigma / sqrt(static_cast<double>(blocks)) * static_cast<double>(1 << tdc_bits);
}

// The one fresh Gaussian of a conversion: kT/C and jitter of all blocks, and `tdc`, noise of the
// TDC itself [LSB].
ACIM_HD inline double fresh_sigma(const AidacParams& p, const CellParams& cell, double v_ref,
                                  int tdc_bits, double tdc) {
    const double thermal = block_thermal_sigma(p, cell, v_ref), jitter = jitter_sigma(p);
    const double stages =
        mean_of_blocks(sqrt(thermal * thermal + jitter * jitter), p.blocks, tdc_bits);
    return sqrt(stages * stages + tdc * tdc);
}

}  // namespace acim::aidac
