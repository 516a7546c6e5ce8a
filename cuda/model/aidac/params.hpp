// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace acim {

enum class AidacTopology : std::uint8_t {
    grouped_cells,  // one column per weight bit; inputs are converted on the row's own capacitors
    grouped_weight  // a weight is a group of 2^b capacitors per bit; rows are driven by DACs
};

enum class AidacReference : std::uint8_t {
    calibrated,  // the reference column cancels t0 and adds nothing
    raw          // its own offsets and jitter are subtracted from every output that shares it
};

// The all-analog chain of AiDAC (SPEC section 5): voltages of `blocks` blocks of `block_rows` rows
// become times, the times add, one TDC of adc.bits converts the total. Capacitors, leakage and
// temperature stand in `cell`, injection and settling in `switch`, V_ref in `v_ref`.
struct AidacParams {
    AidacTopology topology = AidacTopology::grouped_cells;
    AidacReference reference = AidacReference::calibrated;
    int blocks = 8;
    int block_rows = 128;
    int outputs_per_array = 32;     // outputs that share one row of input capacitors
    double row_parasitic = 0.0;     // r1, of the row's 256 units [1]
    double column_parasitic = 0.0;  // r3, of the column's block_rows units [1]
    double join_parasitic = 0.0;    // r4, of the 255 joined units [1]
    double vtc_offset = 0.0;        // sigma per block and output [V]
    double vtc_gain = 0.0;          // sigma per block and output [1]
    double vtc_inl = 0.0;           // peak of 4*INL*v*(1-v), common [FS]
    double jitter = 0.0;            // fresh sigma per block [s]
    double full_scale_time = 0.0;   // t_FS of one block [s]
    double delay = 0.0;             // t0 of one block [s]
};

}  // namespace acim
